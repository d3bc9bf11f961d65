"""What staff may do with alerts: nobody edits them, and each action has its own permission."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin

from alerts.states import StaffAction

PERMISSIONS = {
    StaffAction.RESEND: "alerts.resend_alert",
    StaffAction.CANCEL: "alerts.cancel_alert",
    StaffAction.CLOSE: "alerts.close_alert",
}


class ReadOnly(ModelAdmin):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def may(request: HttpRequest, action: StaffAction) -> bool:
    """Whether the user may do this to alerts."""
    return request.user.has_perm(PERMISSIONS[action])
