"""Records logins and changes of passwords, from signals of Django and django-axes."""

import time
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.core.cache import cache
from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.module_loading import import_string

from audit.events import record
from audit.models import EventName

FLAGS = ("is_active", "is_staff", "is_superuser")
EACH = 10
"""How many failures of a login within an hour get a row each. After that only those that double their number do. All
are lines in the log."""
HOUR = 60 * 60


@receiver(user_logged_in, dispatch_uid="audit.login")
def logged_in(request: HttpRequest | None, user: User, **kwargs: Any) -> None:
    """Record the login; a login for emergencies is a second event."""
    record(EventName.LOGIN, user_id=user.pk, request=request)
    if user.get_username() in settings.BREAK_GLASS_LOGINS:
        record(EventName.BREAK_GLASS, user_id=user.pk, request=request)


@receiver(user_logged_out, dispatch_uid="audit.logout")
def logged_out(request: HttpRequest | None, user: User | None, **kwargs: Any) -> None:
    """Record a logout. Django sends this signal for sessions without a login too: these are not recorded."""
    if user is not None:
        record(EventName.LOGOUT, user_id=user.pk, request=request)


@receiver(user_login_failed, dispatch_uid="audit.login_failed")
def failed(credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any) -> None:
    """The user whose login failed, if there is one. The name as typed is not kept: it may be a password."""
    record_some(EventName.LOGIN_FAILED, request, _whose(credentials.get("username")))


def locked(request: HttpRequest | None, username: str | None = None, **kwargs: Any) -> None:
    """Record a lock-out. A receiver of django-axes."""
    record_some(EventName.LOCKED, request, _whose(username))


def record_some(
    name: EventName, request: HttpRequest | None, whose: dict[str, Any], *, detail: str = ""
) -> None:
    """Whether a failure gets a row. Strangers can fail as often as they like, and no row is ever deleted. Unknown names
    count as one.
    """
    key = f"audit:{name}:{whose.get('object_id', 'nobody')}:{int(time.time() // HOUR)}"
    cache.add(key, 0, 2 * HOUR)  # longer than the hour in the key, so that the count is still there
    number = cache.incr(key)
    if number > EACH:
        detail = f"{detail} number {number} within the hour".strip()
    record(name, request=request, detail=detail, kept=number <= EACH or number.bit_count() == 1, **whose)


def _whose(username: str | None) -> dict[str, Any]:
    found = get_user_model().objects.filter(username=username).values_list("pk", flat=True).first()
    return {"kind": "auth.user", "object_id": found} if found else {}


@receiver(pre_save, sender=User, dispatch_uid="audit.flags_before")
def look_before(instance: User, update_fields: Any = None, **kwargs: Any) -> None:
    """Remember the user as stored, unless only the time of the last login is saved."""
    instance.audit_before = None  # type: ignore[attr-defined]
    if instance.pk and (update_fields is None or not set(update_fields) <= {"last_login"}):
        before = User.objects.filter(pk=instance.pk).values("password", *FLAGS).first()
        instance.audit_before = before  # type: ignore[attr-defined]


@receiver(post_save, sender=User, dispatch_uid="audit.flags_after")
def look_after(instance: User, *, created: bool, update_fields: Any = None, **kwargs: Any) -> None:
    """Record which flags changed, and whether the password did."""
    before: dict[str, Any] | None = getattr(instance, "audit_before", None)
    if created:
        before = {"password": instance.password, **dict.fromkeys(FLAGS, False), "is_active": True}
    if before is None:
        return
    of: dict[str, Any] = {"kind": "auth.user", "object_id": instance.pk}
    changed = [
        f"{'+' if getattr(instance, each) else '-'}{each}"
        for each in FLAGS
        if before[each] != getattr(instance, each)
    ]
    if changed:
        record(EventName.PERMISSION_CHANGED, detail=" ".join(changed), **of)
    if before["password"] != instance.password and not _is_rehashed(instance):
        record(EventName.PASSWORD_CHANGED, **of)


def _is_rehashed(user: User) -> bool:
    """Whether only the hash is new, as at a login after the algorithm was changed."""
    return getattr(user, "_password", None) is None


if apps.is_installed("axes"):
    import_string("axes.signals.user_locked_out").connect(locked, dispatch_uid="audit.locked")
