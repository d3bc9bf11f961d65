"""The roles: there after `migrate`, with what each may do, and what an administrator adds stays."""

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from staff.roles import PERMISSIONS, Role
from tests.staff.users import make_user

pytestmark = pytest.mark.django_db


def permissions_of(role: Role) -> set[str]:
    return {
        f"{label}.{codename}"
        for label, codename in Group.objects.get(name=role.value).permissions.values_list(
            "content_type__app_label", "codename"
        )
    }


def migrate() -> None:
    call_command("migrate", stdout=StringIO())


@pytest.mark.parametrize("role", Role)
def test_each_role_exists_from_the_start_with_its_permissions(role: Role) -> None:
    assert permissions_of(role) == PERMISSIONS[role]


def test_permissions_that_an_administrator_added_stay() -> None:
    group = Group.objects.get(name=Role.OPERATORS.value)
    group.permissions.add(Permission.objects.get(codename="view_user"))

    migrate()

    assert permissions_of(Role.OPERATORS) == {*PERMISSIONS[Role.OPERATORS], "auth.view_user"}


def test_missing_permissions_are_added_and_members_stay() -> None:
    group = Group.objects.get(name=Role.OPERATORS.value)
    group.permissions.clear()
    group.user_set.add(User.objects.create_user("operator"))

    migrate()

    assert permissions_of(Role.OPERATORS) == PERMISSIONS[Role.OPERATORS]
    assert group.user_set.count() == 1


def test_a_group_is_made_although_its_permissions_are_not_there_yet() -> None:
    Permission.objects.all().delete()
    Group.objects.all().delete()

    migrate()

    assert permissions_of(Role.AUDITORS) == PERMISSIONS[Role.AUDITORS]


def test_no_role_may_delete() -> None:
    assert not [name for wanted in PERMISSIONS.values() for name in wanted if ".delete_" in name]


def test_auditors_may_do_nothing_but_look() -> None:
    assert all(name.split(".")[1].startswith(("view_", "export_")) for name in PERMISSIONS[Role.AUDITORS])


@pytest.mark.parametrize(
    ("role", "expected"), [(Role.INTEGRATORS, True), (Role.AUDITORS, True), (Role.OPERATORS, False)]
)
def test_who_looks_after_systems_finds_the_apis_documentation(role: Role, expected: bool) -> None:
    client = Client()
    client.force_login(make_user(role.value))

    assert ('href="/docs"' in client.get("/admin/").content.decode()) is expected
