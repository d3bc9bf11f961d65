"""Plans and covers in the admin."""

from oncall.admin.cover import CoverAdmin
from oncall.admin.plan import PlanAdmin

__all__ = ["CoverAdmin", "PlanAdmin"]
