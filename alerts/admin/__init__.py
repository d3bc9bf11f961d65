"""Alerts in the admin, the register of refused requests, and replies by SMS."""

from alerts.admin.alert import AlertAdmin
from alerts.admin.refusal import RefusalAdmin
from alerts.admin.reply import ReplyAdmin

__all__ = ["AlertAdmin", "RefusalAdmin", "ReplyAdmin"]
