"""The roles that staff can be given: groups with permissions, there after every `migrate`."""

from collections.abc import Collection
from typing import Any

from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import models, transaction


class Role(models.TextChoices):
    """A role, by its group's name."""

    PREFERENCE_EDITORS = "Preference editors"
    OPERATORS = "Operators"
    AUDITORS = "Auditors"
    INTEGRATORS = "Integrators"


PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.PREFERENCE_EDITORS: frozenset(
        {
            "contacts.view_clinician",
            "contacts.add_clinician",
            "contacts.change_clinician",
            "contacts.export_clinician",
            "contacts.send_test",
            "contacts.view_preferencetemplate",
            "contacts.add_preferencetemplate",
            "contacts.change_preferencetemplate",
        }
    ),
    Role.OPERATORS: frozenset(
        {
            "alerts.view_alert",
            "alerts.view_delivery",
            "alerts.view_attempt",
            "alerts.resend_alert",
            "alerts.cancel_alert",
            "alerts.close_alert",
            "contacts.view_clinician",
            "contacts.send_test",
        }
    ),
    Role.AUDITORS: frozenset(
        {
            "contacts.view_clinician",
            "contacts.export_clinician",
            "contacts.view_preferencetemplate",
            "alerts.view_alert",
            "alerts.view_delivery",
            "alerts.view_attempt",
            "clients.view_apiclient",
            "clients.view_apitoken",
            "auth.view_user",
            "auth.view_group",
        }
    ),
    Role.INTEGRATORS: frozenset(
        {
            "clients.view_apiclient",
            "clients.add_apiclient",
            "clients.change_apiclient",
            "clients.view_apitoken",
            "clients.add_apitoken",
            "clients.change_apitoken",
        }
    ),
}
"""What each role may do, at least: an administrator may add to it, and gets their own group for less."""


def establish(using: str, apps: Apps = all_apps, **kwargs: Any) -> None:
    """Make each role's group, and give it the permissions that it lacks; take none away.

    Called after every `migrate`, so that a permission of a later version reaches the groups of an older one. `apps` is
    what the database holds by then: after `migrate alerts 0001` that is not everything.
    """
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return
    # Django makes the permissions of each app in turn, and some of those wanted here may come after us.
    for label in sorted({name.split(".")[0] for wanted in PERMISSIONS.values() for name in wanted}):
        create_permissions(all_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    with transaction.atomic(using=using):
        for role, wanted in PERMISSIONS.items():
            group, _made = Group.objects.using(using).get_or_create(name=role.value)
            group.permissions.add(*_there(wanted, using))


def _there(names: Collection[str], using: str) -> list[Permission]:
    """Those of the permissions with these names, `app.codename`, that the database has."""
    found = Permission.objects.using(using).select_related("content_type")
    codenames = [name.partition(".")[2] for name in names]
    return [
        each
        for each in found.filter(codename__in=codenames)
        if f"{each.content_type.app_label}.{each.codename}" in names
    ]
