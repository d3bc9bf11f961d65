"""Alerts in the admin."""

from alerts.admin.alert import AlertAdmin

__all__ = ["AlertAdmin"]
