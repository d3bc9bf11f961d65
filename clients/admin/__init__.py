"""API clients and their tokens in the admin."""

from clients.admin.tokens import ApiClientAdmin, ApiTokenAdmin

__all__ = ["ApiClientAdmin", "ApiTokenAdmin"]
