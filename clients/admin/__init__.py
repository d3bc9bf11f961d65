"""API clients and their tokens in the admin."""

from clients.admin.clients import ApiClientAdmin
from clients.admin.tokens import ApiTokenAdmin

__all__ = ["ApiClientAdmin", "ApiTokenAdmin"]
