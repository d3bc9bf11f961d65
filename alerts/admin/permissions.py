"""What staff may do with alerts: nobody edits them, and each action has its own permission."""

from collections import defaultdict
from typing import Any

from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.cache import caches
from django.http import HttpRequest

from alerts.models import Alert
from alerts.models.alert import AlertQuerySet
from alerts.states import StaffAction
from contacts.lookalikes import departments
from contacts.models import ManagedDepartment
from theme.guard import Guarded

HANDLE = "alerts.take_alert"
SEE_ADDRESSES = "contacts.view_clinician"
CHANGE_ADDRESSES = "contacts.change_clinician"
REMEMBERED_SECONDS = 60
PERMISSIONS: dict[StaffAction, tuple[str, ...]] = {
    StaffAction.TAKE: ("alerts.take_alert",),
    StaffAction.HAND_BACK: ("alerts.take_alert",),
    StaffAction.RESEND: ("alerts.resend_alert",),
    StaffAction.FORWARD: ("alerts.forward_alert", SEE_ADDRESSES),
    StaffAction.CANCEL: ("alerts.cancel_alert",),
    StaffAction.CLOSE: ("alerts.close_alert",),
    StaffAction.REOPEN: ("alerts.close_alert",),
}


SEES_ALL = "alerts.view_alert"
SEES_DEPARTMENTS = "alerts.view_department_alert"
"""The alerts of clinicians whose department is one of the user's."""


def may_see_some(user: User | AnonymousUser) -> bool:
    """Whether there are alerts that the user may see."""
    return user.has_perm(SEES_ALL) or user.has_perm(SEES_DEPARTMENTS)


def visible_to(user: User | AnonymousUser) -> AlertQuerySet:
    """The alerts that the user may see. Three queries for the departments of somebody who may not see all."""
    if user.has_perm(SEES_ALL):
        return Alert.objects.all()
    if not user.has_perm(SEES_DEPARTMENTS):
        return Alert.objects.none()
    names = ManagedDepartment.objects.filter(user=user.pk).values_list("name", flat=True)
    return Alert.objects.filter(clinician__in=departments.members_of(names))


def ask_for(permission: str) -> str:
    """Whom to ask for something that needs this permission: "somebody with the role Operators". One query a minute."""
    roles = caches["process"].get_or_set("alerts.roles", _roles, REMEMBERED_SECONDS) or {}
    names = roles.get(permission, [])
    return f"somebody with the role {' or '.join(names)}" if names else "the administrator of Bleep's logins"


def _roles() -> dict[str, list[str]]:
    """The names of the groups that have each permission."""
    found: dict[str, list[str]] = defaultdict(list)
    named = ("permissions__content_type__app_label", "permissions__codename", "name")
    for app, codename, name in Group.objects.order_by("name").values_list(*named):
        found[f"{app}.{codename}"].append(name)
    return dict(found)


def ask_to_change(request: HttpRequest) -> str:
    """Whom to ask to change a clinician; empty for users who may do that themselves."""
    return "" if request.user.has_perm(CHANGE_ADDRESSES) else ask_for(CHANGE_ADDRESSES)


class ReadOnly(Guarded):
    """Nobody adds, changes or deletes these objects."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class VisibleAlerts(ReadOnly):
    """Each user sees only the alerts that they may see."""

    def has_view_permission(self, request: HttpRequest, obj: Alert | None = None) -> bool:
        if obj is None or request.user.has_perm(SEES_ALL):
            return may_see_some(request.user)
        return visible_to(request.user).filter(pk=obj.pk).exists()


def may(request: HttpRequest, action: StaffAction) -> bool:
    """Whether the user may do this to alerts."""
    return request.user.has_perms(PERMISSIONS[action])
