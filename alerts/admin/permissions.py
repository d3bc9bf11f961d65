"""What staff may do with alerts: nobody edits them, and each action has its own permission."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet
from alerts.states import StaffAction
from contacts import departments
from contacts.models import ManagedDepartment

PERMISSIONS = {
    StaffAction.RESEND: "alerts.resend_alert",
    StaffAction.CANCEL: "alerts.cancel_alert",
    StaffAction.CLOSE: "alerts.close_alert",
}


SEES_ALL = "alerts.view_alert"
SEES_DEPARTMENTS = "alerts.view_department_alert"
"""The alerts of clinicians whose department is one of the user's."""


def may_see_some(user: User | AnonymousUser) -> bool:
    """Whether there are alerts that the user may see."""
    return user.has_perm(SEES_ALL) or user.has_perm(SEES_DEPARTMENTS)


def visible_to(user: User | AnonymousUser) -> AlertQuerySet:
    """The alerts that the user may see. Two queries for the departments of somebody who may not see all."""
    if user.has_perm(SEES_ALL):
        return Alert.objects.all()
    if not user.has_perm(SEES_DEPARTMENTS):
        return Alert.objects.none()
    names = ManagedDepartment.objects.filter(user=user.pk).values_list("name", flat=True)
    return Alert.objects.filter(clinician__department__in=departments.spellings_of(names))


class ReadOnly(ModelAdmin):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisibleAlerts(ReadOnly):
    """Each user sees the alerts that they may."""

    def has_view_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        if obj is None or request.user.has_perm(SEES_ALL):
            return may_see_some(request.user)
        return visible_to(request.user).filter(pk=obj.pk).exists()


def may(request: HttpRequest, action: StaffAction) -> bool:
    """Whether the user may do this to alerts."""
    return request.user.has_perm(PERMISSIONS[action])
