"""Ctrl-K finds clinicians, alerts and pages that the user may see, and keeps the term out of addresses."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from contacts.models import Clinician, ManagedDepartment
from staff.roles import Role
from tests.factories import make_clinician
from tests.staff.users import NO_ROLE, Records, make_records, make_user

pytestmark = pytest.mark.django_db

EDITOR, OPERATOR, INTEGRATOR = (
    role.value for role in (Role.PREFERENCE_EDITORS, Role.OPERATORS, Role.INTEGRATORS)
)


@pytest.fixture
def records(db: None) -> Records:
    return make_records()


def find(person: str, term: str) -> dict[str, list[str]]:
    """The texts that are found, by group."""
    client = Client()
    client.force_login(make_user(person))
    answer: Any = client.post("/admin/find/", {"term": term})
    assert answer.status_code == 200
    return {group["title"]: [item["text"] for item in group["items"]] for group in answer.json()["groups"]}


def test_a_clinician_is_found_as_in_the_list(records: Records) -> None:
    name = str(records.clinician)

    for term in ("C-1", records.clinician.name[:4].lower(), records.clinician.sms_number):
        assert find(EDITOR, term)["Clinicians"] == [name]
    assert find(EDITOR, "nobody of this name") == {}


def test_an_alert_is_found_by_the_start_of_its_message_id(records: Records) -> None:
    assert find(OPERATOR, "fail") == {"Alerts": ["failed-1"]}
    assert find(OPERATOR, "ailed") == {}


def test_pages_are_found_and_all_are_offered_at_first(records: Records) -> None:
    assert find(OPERATOR, "aler")["Pages"][0] == "Alerts"
    at_first = find(OPERATOR, " ")
    assert list(at_first) == ["Pages"]
    assert {"Home", "Clinicians", "Alerts", "Help"} <= set(at_first["Pages"])
    assert "Users" not in at_first["Pages"]


@pytest.mark.parametrize("person", [INTEGRATOR, NO_ROLE])
def test_nobody_finds_what_they_may_not_see(records: Records, person: str) -> None:
    assert find(person, "C-1") == {}
    assert find(person, "failed-1") == {}
    assert "Clinicians" not in find(person, "").get("Pages", [])


def test_a_ward_manager_finds_the_alerts_of_their_department_alone(records: Records) -> None:
    person, term = Role.WARD_MANAGERS.value, {"term": "failed-1"}
    client, user = Client(), make_user(person)
    client.force_login(user)
    ManagedDepartment.objects.filter(user=user).delete()
    assert client.post("/admin/find/", term).json()["groups"] == []

    ManagedDepartment.objects.create(user=user, name="CARDIOLOGY")  # of the records' clinician

    (group,) = client.post("/admin/find/", term).json()["groups"]
    assert group["title"] == "Alerts"


def test_an_editor_finds_no_alerts(records: Records) -> None:
    assert find(EDITOR, "failed-1") == {}


@pytest.mark.parametrize("term", ["\0", "%", "x" * 5000, "\u200b", "'; --"])
def test_any_term_is_answered(records: Records, term: str) -> None:
    assert find(OPERATOR, term).get("Clinicians", []) == []


def test_it_takes_few_queries_and_shows_a_few_of_many(admin_client: Client, records: Records) -> None:
    Clinician.objects.bulk_create(Clinician(contact_id=f"X-{n}", name=f"Many {n}") for n in range(500))
    make_clinician("Y-1", {}, name="Ada Example", active=False)
    admin_client.post("/admin/find/", {"term": "x"})  # the user and the session are known from here on

    with CaptureQueriesContext(connection) as queries:
        answer: Any = admin_client.post("/admin/find/", {"term": "many"}).json()

    assert len(queries) <= 5, "session, user, clinicians, alerts, what was searched for"
    (group,) = answer["groups"]
    assert len(group["items"]) == 8
    (found,) = admin_client.post("/admin/find/", {"term": "ada"}).json()["groups"]
    assert found["items"][0]["detail"].endswith("inactive")
