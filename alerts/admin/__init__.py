"""Alerts in the admin."""

from alerts.admin.list import AlertAdmin

__all__ = ["AlertAdmin"]
