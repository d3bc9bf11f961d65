"""Records who was given a role or a permission, and who lost one."""

from typing import Any

from django.contrib.auth.models import Group, Permission, User
from django.db.models.signals import m2m_changed
from django.dispatch import receiver

from audit.events import record, request_of
from audit.models import EventName

SIGNS = {"post_add": "+", "post_remove": "-", "pre_clear": "-"}


@receiver(m2m_changed, sender=User.groups.through, dispatch_uid="audit.roles")
def roles_changed(instance: Any, action: str, pk_set: set[int] | None, **kwargs: Any) -> None:
    """One event for each user."""
    if action not in SIGNS:
        return
    if isinstance(instance, Group):
        users, groups = _others(instance.user_set, pk_set), {instance.pk}
    else:
        users, groups = {instance.pk}, _others(instance.groups, pk_set)
    names = Group.objects.filter(pk__in=groups).order_by("name").values_list("name", flat=True)
    detail = ", ".join(f"{SIGNS[action]}{name}" for name in names) if users and groups else ""
    for user in sorted(users) if detail else ():
        record(EventName.ROLE_CHANGED, kind="auth.user", object_id=user, detail=detail)


@receiver(m2m_changed, sender=Group.permissions.through, dispatch_uid="audit.permissions_of_group")
@receiver(m2m_changed, sender=User.user_permissions.through, dispatch_uid="audit.permissions_of_user")
def permissions_changed(instance: Any, action: str, pk_set: set[int] | None, **kwargs: Any) -> None:
    """One event for each group or user. None while `migrate` sets up the roles: no person does that."""
    if action not in SIGNS or isinstance(instance, Permission) or request_of.get() is None:
        return
    own = instance.permissions if isinstance(instance, Group) else instance.user_permissions
    changed = Permission.objects.filter(pk__in=_others(own, pk_set)).order_by("codename")
    names = [f"{SIGNS[action]}{each}" for each in changed.values_list("codename", flat=True)]
    if names:
        meta: Any = instance._meta  # noqa: SLF001 - public
        record(
            EventName.PERMISSION_CHANGED, kind=meta.label_lower, object_id=instance.pk, detail=" ".join(names)
        )


def _others(related: Any, given: set[int] | None) -> set[int]:
    """The keys on the other side of the relation; all of them where everything is removed."""
    return set(related.values_list("pk", flat=True)) if given is None else given
