"""The security log and the record of reading, as the log and the table have them."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_login_failed
from django.db import ProgrammingError, connection, connections, transaction
from django.test import Client
from rest_framework.test import APIClient

from audit import digests
from audit.models import Event, EventName
from clients import tokens
from clients.models import ApiToken
from contacts.models import Clinician
from staff.models import SharedValue
from staff.roles import Role
from tests.factories import an_alert
from tests.locks import waiting
from tests.processes import wait_until
from tests.staff.users import make_records, make_user
from theme import refresh

pytestmark = pytest.mark.django_db(transaction=True)
PASSWORD = "kT7-vowel-pond"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines of security in the log, as they are written."""
    root = logging.getLogger()
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(root.handlers[0].formatter)
    root.addHandler(handler)
    try:
        yield lambda: [
            line
            for line in map(json.loads, written.getvalue().splitlines())
            if line["event"].startswith("security.")
        ]
    finally:
        root.removeHandler(handler)


def events(**wanted: Any) -> list[str]:
    return list(Event.objects.filter(**wanted).order_by("id").values_list("name", flat=True))


def test_logins_are_in_the_log_with_address_and_without_password(lines: Lines) -> None:
    user = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    client = Client(REMOTE_ADDR="192.0.2.7")
    begun = len(lines())

    client.post("/admin/login/", {"username": "ada", "password": "wrong-" + PASSWORD})
    client.post("/admin/login/", {"username": PASSWORD, "password": PASSWORD})
    client.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    client.post("/admin/logout/")

    found = lines()[begun:]
    assert [line["event"] for line in found] == [
        "security.login_failed",
        "security.login_failed",
        "security.login",
        "security.logout",
    ]
    assert [line.get("object_id") for line in found] == [str(user.pk), None, None, None]
    assert [line["user_id"] for line in found] == [None, None, user.pk, user.pk]
    assert {line["address"] for line in found} == {"192.0.2.7"}
    assert PASSWORD not in json.dumps(found)
    assert events() == [line["event"] for line in lines()]


def test_many_failures_are_lines_and_few_rows(lines: Lines) -> None:
    user = User.objects.create_user("ada", password=PASSWORD, is_staff=True)
    begun = len(lines())

    for name in ("ada", "nobody"):
        for _ in range(33):
            user_login_failed.send(sender=__name__, credentials={"username": name})

    for of, said in (({"object_id": str(user.pk)}, str(user.pk)), ({"object_id": ""}, None)):
        kept = Event.objects.filter(name=EventName.LOGIN_FAILED, **of).order_by("id")
        details = list(kept.values_list("detail", flat=True))
        assert details == [""] * 10 + ["number 16 within the hour", "number 32 within the hour"]
        assert len([line for line in lines()[begun:] if line.get("object_id") == said]) == 33


def test_failures_at_the_same_moment_are_all_counted() -> None:
    def fail() -> None:
        try:
            user_login_failed.send(sender=__name__, credentials={"username": "nobody"})
        finally:
            connections.close_all()

    fail()
    counts = SharedValue.objects.filter(key__contains="audit:security.login_failed")
    another = Thread(target=fail)
    with transaction.atomic():
        counts.update(value="7")  # as another process, which has not committed yet
        another.start()
        wait_until(waiting, what="the second waits for the first")
    another.join(30)

    assert counts.get().value == "8"


def test_refusals_are_lines_and_no_rows(lines: Lines) -> None:
    operator = make_user(Role.OPERATORS.value)
    client = Client()
    client.force_login(operator)
    kept = Event.objects.count()

    client.get("/admin/auth/user/")
    APIClient().post("/notification", an_alert(), format="json")

    forbidden, unauthorised = lines()[-2:]
    assert (forbidden["event"], forbidden["user_id"]) == ("security.forbidden", operator.pk)
    assert (unauthorised["event"], unauthorised["route"]) == ("security.unauthorised", "notification")
    assert Event.objects.count() == kept


def test_roles_and_permissions_are_noted_with_who_changed_them(admin_client: Client, lines: Lines) -> None:
    somebody = User.objects.create_user("ada", is_staff=True)
    group = Group.objects.get(name=Role.OPERATORS.value)
    begun = Event.objects.latest("id").pk
    form = {"username": "ada", "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    inline = {"managed_departments-TOTAL_FORMS": "0", "managed_departments-INITIAL_FORMS": "0"}

    page = f"/admin/auth/user/{somebody.pk}/change/"
    answer = admin_client.post(page, {**form, **inline, "is_superuser": "on"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    group.permissions.clear()  # by nobody: as `migrate` does

    found = [(each.name, each.detail) for each in Event.objects.filter(pk__gt=begun).order_by("id")]
    assert ("security.permission_changed", "+is_superuser") in found
    assert ("security.role_changed", "+Operators") in found
    assert len(found) == 2
    assert all(each.user_id for each in Event.objects.filter(pk__gt=begun))
    assert lines()[-1]["event"] == "security.role_changed"


def test_tokens_are_noted(lab_token: str) -> None:
    token = ApiToken.objects.get()
    tokens.rotate(token)
    tokens.revoke(ApiToken.objects.all())

    assert events(kind="clients.apitoken") == [
        "security.token_issued",
        "security.token_rotated",
        "security.token_issued",
        "security.token_revoked",
        "security.token_revoked",
    ]


def test_who_takes_a_file_away_is_noted(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post("/admin/contacts/clinician/export/", {"format": "csv"})

    assert Event.objects.latest("id").name == EventName.EXPORTED
    assert Event.objects.latest("id").detail == "contacts_clinician_export: 1"


def test_reading_is_noted_once_and_never_by_a_refresh(admin_client: Client) -> None:
    records = make_records()
    alert, clinician = (
        f"/admin/alerts/alert/{records.alert.pk}",
        f"/admin/contacts/clinician/{records.clinician.pk}",
    )
    begun = Event.objects.latest("id").pk

    admin_client.get(f"{alert}/change/")
    admin_client.get(f"{alert}/change/", headers={refresh.HEADER: "1"})
    admin_client.get(f"{alert}/history/")
    admin_client.get(f"{clinician}/change/")
    admin_client.get("/admin/alerts/alert/")
    admin_client.get("/admin/")

    found = Event.objects.filter(pk__gt=begun).order_by("id").values_list("name", "kind", "object_id")
    assert list(found) == [
        ("read.opened", "alerts.alert", str(records.alert.pk)),
        ("read.history", "alerts.alert", str(records.alert.pk)),
        ("read.opened", "contacts.clinician", str(records.clinician.pk)),
    ]


def test_nobody_reads_unnoted_by_calling_it_a_refresh(admin_client: Client) -> None:
    records = make_records()
    alert, clinician = records.alert.pk, records.clinician.pk
    begun = Event.objects.latest("id").pk

    for page in (
        f"alerts/alert/{alert}/change/",
        f"alerts/alert/{alert}/change/",
        f"alerts/alert/{alert}/history/",
    ):
        admin_client.get(f"/admin/{page}", headers={refresh.HEADER: "1"})
    admin_client.get("/admin/contacts/clinician/", {"q": "Grace"}, headers={refresh.HEADER: "1"})
    admin_client.get(f"/admin/contacts/clinician/{clinician}/change/", headers={refresh.HEADER: "1"})

    found = Event.objects.filter(pk__gt=begun).order_by("id").values_list("name", flat=True)
    assert list(found) == ["read.opened", "read.history", "read.searched", "read.opened"]


def test_a_form_that_comes_back_was_read(admin_client: Client) -> None:
    clinician = make_records().clinician.pk

    page = admin_client.post(f"/admin/contacts/clinician/{clinician}/change/", {"name": ""})

    assert page.status_code == 200
    assert Event.objects.latest("id").object_id == str(clinician)


def test_a_search_term_can_be_asked_for_and_not_read(admin_client: Client) -> None:
    admin_client.post("/admin/alerts/alert/search/", {"q": "potassium  PAT-4711"}, follow=True)
    admin_client.get("/admin/contacts/clinician/", {"q": "Grace"})

    in_alerts, in_clinicians = Event.objects.filter(name=EventName.SEARCHED).order_by("id")
    assert (in_alerts.kind, in_clinicians.kind) == ("alerts.alert", "contacts.clinician")
    assert digests.of_term("pat-4711") in in_alerts.digests
    assert digests.of_term("potassium pat-4711") in in_alerts.digests
    assert in_clinicians.digests == [digests.of_term("grace")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, '') FROM audit_event e")
        assert "4711" not in cursor.fetchone()[0]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET user_id = NULL",
        "DELETE FROM audit_event",
        "TRUNCATE audit_event",
        "SET LOCAL session_replication_role = replica; DELETE FROM audit_event",
    ],
)
def test_events_cannot_be_changed_or_deleted(statement: str, admin_client: Client) -> None:
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
