"""The pages for auditors: the trail, who looked for a patient reference, and the change log."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.models import Event
from contacts import preferences
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.staff.users import Records, make_records, make_user

pytestmark = pytest.mark.django_db
TRAIL, CHANGES = "/admin/trail/", "/admin/changes/"


@pytest.fixture
def records() -> Records:
    return make_records()


@pytest.fixture
def operator(records: Records) -> Client:
    """An operator who has looked for a patient, opened their alert, and a clinician."""
    user = make_user(Role.OPERATORS.value)
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.force_login(user)
    client.post("/admin/alerts/alert/search/", {"q": records.alert.patient_id})
    client.get(f"/admin/alerts/alert/{records.alert.pk}/change/")
    client.get(f"/admin/contacts/clinician/{records.clinician.pk}/change/")
    client.user = user  # type: ignore[attr-defined]
    return client


@pytest.fixture
def auditor() -> Client:
    client = Client()
    client.force_login(make_user(Role.AUDITORS.value))
    return client


def rows(page: object) -> list[tuple[str, str]]:
    return [(row.name, f"{row.kind} {row.object_id}".strip()) for row in page.context["rows"]]  # type: ignore[attr-defined]


def test_an_auditor_sees_who_saw_what_by_person_and_by_thing(
    records: Records, operator: Client, auditor: Client
) -> None:
    name = operator.user.username  # type: ignore[attr-defined]
    alert, clinician = f"alerts.alert {records.alert.pk}", f"contacts.clinician {records.clinician.pk}"

    of_person = auditor.get(TRAIL, {"person": name})
    assert rows(of_person)[:3] == [
        ("read.opened", clinician),
        ("read.opened", alert),
        ("read.searched", "alerts.alert"),
    ]
    assert b"192.0.2.7" in of_person.content
    of_alert = auditor.get(TRAIL, {"kind": "alerts.alert", "thing": records.alert.message_id})
    assert rows(of_alert) == [("read.opened", alert)]
    of_clinician = auditor.get(TRAIL, {"kind": "contacts.clinician", "thing": records.clinician.contact_id})
    assert rows(of_clinician) == [("read.opened", clinician)]
    assert b"There is no user with this name." in auditor.get(TRAIL, {"person": "nobody"}).content


def test_who_looked_for_a_patient_is_asked_by_post_and_answered(
    records: Records, operator: Client, auditor: Client
) -> None:
    page = auditor.post(f"{TRAIL}patient/", {"reference": records.alert.patient_id})

    assert rows(page) == [
        ("read.opened", f"alerts.alert {records.alert.pk}"),
        ("read.searched", "alerts.alert"),
    ]
    assert records.alert.patient_id.encode() not in b"".join(page.content.split(b'value="')[:1])
    assert rows(auditor.post(f"{TRAIL}patient/", {"reference": "another"})) == []
    assert Event.objects.filter(name="read.searched", user__groups__name=Role.AUDITORS.value).count() == 2


def test_the_change_log_says_who_changed_a_preference(records: Records, auditor: Client) -> None:
    preferences.replace(
        records.clinician, {Priority.HIGH: [Channel.SMS], Priority.MEDIUM: [], Priority.LOW: []}
    )

    page = auditor.get(CHANGES, {"source": "preferences"})
    newest = page.context["rows"][0]
    assert (newest.kind, newest.object_id) == ("contacts.clinician", str(records.clinician.pk))
    assert "High priority: Telephone call → SMS, now SMS" in newest.details
    assert {row.kind for row in auditor.get(CHANGES).context["rows"]} >= {
        "contacts.clinician",
        "oncall.plan",
        "oncall.cover",
        "clients.apiclient",
        "clients.apitoken",
    }
    assert not auditor.get(CHANGES, {"since": "2020-01-01", "until": "2020-01-31"}).context["rows"]


def test_the_change_log_is_taken_away_as_csv(records: Records, auditor: Client) -> None:
    answer = auditor.get(f"{CHANGES}file/", {"source": "plans"})

    heading, *lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert heading == "When,Who,What,Kind,Key,Details"
    assert "oncall.plan" in lines[0]
    assert Event.objects.filter(name="security.exported", detail="trail_changes_export").exists()


def test_pages_ask_as_little_however_much_there_is(
    records: Records, operator: Client, auditor: Client
) -> None:
    counts = []
    for _ in range(2):
        for address in (TRAIL, CHANGES):
            with CaptureQueriesContext(connection) as made:
                auditor.get(address)
            counts.append(len(made))
        for number in range(5):
            preferences.replace(
                records.clinician,
                {Priority.HIGH: [Channel.SMS] * (number % 2), Priority.MEDIUM: [], Priority.LOW: []},
            )
            operator.get(f"/admin/alerts/alert/{records.alert.pk}/change/")
    assert counts[:2] == counts[2:]
    assert max(counts) <= 20
