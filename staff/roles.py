"""The roles of staff: groups with permissions, which every `migrate` makes."""

from collections.abc import Collection
from typing import Any

from django.apps import apps as all_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import models, transaction


class Role(models.TextChoices):
    """A role; its value is the name of its group."""

    PREFERENCE_EDITORS = "Preference editors"
    WARD_MANAGERS = "Ward managers"
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
            "oncall.view_plan",
            "oncall.add_plan",
            "oncall.change_plan",
            "oncall.view_cover",
            "oncall.add_cover",
            "oncall.change_cover",
            "alerts.view_refusal",
        }
    ),
    Role.WARD_MANAGERS: frozenset(
        {
            "contacts.view_clinician",
            "contacts.view_preferencetemplate",
            "oncall.view_department_plan",
            "alerts.view_department_alert",
        }
    ),
    Role.OPERATORS: frozenset(
        {
            "alerts.view_alert",
            "alerts.view_delivery",
            "alerts.view_attempt",
            "alerts.take_alert",
            "alerts.resend_alert",
            "alerts.forward_alert",
            "alerts.cancel_alert",
            "alerts.close_alert",
            "alerts.view_inboundmessage",
            "alerts.view_refusal",
            "alerts.see_refusal",
            "contacts.view_clinician",
            "contacts.send_test",
            "oncall.view_plan",
            "oncall.view_cover",
            "oncall.add_cover",
            "oncall.change_cover",
        }
    ),
    Role.AUDITORS: frozenset(
        {
            "contacts.view_clinician",
            "contacts.export_clinician",
            "contacts.view_preferencetemplate",
            "oncall.view_plan",
            "oncall.view_cover",
            "alerts.view_alert",
            "alerts.view_delivery",
            "alerts.view_attempt",
            "alerts.view_answers",
            "alerts.export_alert",
            "alerts.view_inboundmessage",
            "alerts.view_refusal",
            "clients.view_apiclient",
            "clients.view_apitoken",
            "auth.view_user",
            "auth.view_group",
            "audit.view_trail",
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
            "alerts.view_refusal",
            "alerts.see_refusal",
        }
    ),
}
"""The permissions that each role has at least. Administrators may add permissions, or make their own groups with
fewer."""


def establish(using: str, apps: Apps = all_apps, **kwargs: Any) -> None:
    """Make each role's group, and add the permissions that it lacks. Removes none.

    It runs after every `migrate`, so that existing groups get the permissions of a new version. `apps` is the state of
    the database, which is not complete after `migrate alerts 0001`.
    """
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return
    # Django creates permissions app by app, so some of these may not exist yet.
    for label in sorted({name.split(".")[0] for wanted in PERMISSIONS.values() for name in wanted}):
        create_permissions(all_apps.get_app_config(label), verbosity=0, using=using, apps=apps)
    with transaction.atomic(using=using):
        for role, wanted in PERMISSIONS.items():
            group, _made = Group.objects.using(using).get_or_create(name=role.value)
            group.permissions.add(*_existing(wanted, using))


def _existing(names: Collection[str], using: str) -> list[Permission]:
    """The permissions with these names, `app.codename`, that are in the database."""
    found = Permission.objects.using(using).select_related("content_type")
    codenames = [name.partition(".")[2] for name in names]
    return [
        each
        for each in found.filter(codename__in=codenames)
        if f"{each.content_type.app_label}.{each.codename}" in names
    ]
