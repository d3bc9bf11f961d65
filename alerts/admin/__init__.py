"""Alerts in the admin, and the register of refused requests."""

from alerts.admin.alert import AlertAdmin
from alerts.admin.refusal import RefusalAdmin

__all__ = ["AlertAdmin", "RefusalAdmin"]
