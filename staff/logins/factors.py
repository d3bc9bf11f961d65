"""Second factors: who must show one, who has shown one, and how long ago a user proved who they are."""

import time
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed, authenticator_added, authenticator_removed
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.dispatch import receiver
from django.http import HttpRequest

from audit.events import record
from audit.logins import record_some
from audit.models import EventName

METHOD = "mfa"
"""The word for a second factor in allauth's record of a session."""
TOKENS = frozenset({"clients.add_apitoken", "clients.change_apitoken"})
RIGHTS = frozenset(
    f"{app}.{action}_{model}"
    for app, model in (("auth", "user"), ("auth", "group"), ("staff", "roleclaim"))
    for action in ("add", "change")
)
"""A user with one of these can give themselves the others."""
FILES = frozenset({"alerts.view_answers", "audit.view_trail"})
"""Permissions to take files away, besides those whose names say so."""
RECENT = timedelta(minutes=5)
"""How long a proof counts for pages that must not be open to somebody who finds an open browser."""
FOR_A_FORM = timedelta(minutes=15)
"""How long it counts for sending the form of such a page, which takes time to fill in."""


def must_show(user: User | AnonymousUser) -> bool:
    """Whether this user must show a second factor: superusers, and users who may hand out tokens, rights or files."""
    if not settings.REQUIRE_MFA:
        return False
    if user.is_superuser:
        return True
    permissions = user.get_all_permissions()
    return not (TOKENS | RIGHTS | FILES).isdisjoint(permissions) or any(
        ".export_" in each for each in permissions
    )


def has_shown(request: HttpRequest) -> bool:
    """Whether a second factor was shown in this session."""
    return any(each["method"] == METHOD for each in _proofs(request))


def is_recent(request: HttpRequest, within: timedelta = RECENT) -> bool:
    """Whether this user has proved who they are within this time, in any way."""
    proofs = _proofs(request)
    return bool(proofs) and time.time() - max(each["at"] for each in proofs) < within.total_seconds()


def _proofs(request: HttpRequest) -> list[dict[str, Any]]:
    return list(get_authentication_records(request, request.user))


@receiver(authenticator_added, dispatch_uid="staff.logins.factors")
def shown_by_setting_up(
    request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Record a new factor. Setting it up counts as showing it."""
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        record_authentication(request, user, METHOD, id=authenticator.pk, type=authenticator.type)
    _note("+", user, authenticator, request)


@receiver(authenticator_removed, dispatch_uid="staff.logins.factors.removed")
def removed(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record that the owner removed a factor."""
    _note("-", user, authenticator, request)


@receiver(authentication_failed, dispatch_uid="staff.logins.factors.failed")
def failed(request: HttpRequest, user: User, authenticator: Authenticator, **kwargs: Any) -> None:
    """Record a wrong code: the sender knows the password."""
    of = {"kind": "auth.user", "object_id": user.pk}
    record_some(EventName.LOGIN_FAILED, request, of, detail=f"second factor: {authenticator.type}")


def _note(sign: str, user: User, authenticator: Authenticator, request: HttpRequest) -> None:
    detail = f"{sign}second factor: {authenticator.type}"
    record(EventName.PERMISSION_CHANGED, kind="auth.user", object_id=user.pk, detail=detail, request=request)
