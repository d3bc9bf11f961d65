"""Refused requests of known clients are entered into the register that staff see, without text and patient."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from alerts.models import Refusal
from clients import tokens
from clients.models import Access, ApiClient
from contacts import preferences
from contacts.choices import Priority
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db
HIDDEN = "\u200b"


def register() -> list[tuple[str, str, str, int]]:
    """What is in the register: contact ID, reason, priority, and how often."""
    rows = Refusal.objects.order_by("pk")
    return list(rows.values_list("contact_id", "reason", "priority", "requests"))


def test_an_accepted_alert_is_not_entered(sender: Sender, clinician: Clinician) -> None:
    assert sender.post(an_alert()).status_code == 202
    assert sender.post(an_alert()).status_code == 200

    assert register() == []


def test_repeats_of_one_alert_are_counted_in_one_row(
    sender: Sender, lab: ApiClient, clinician: Clinician
) -> None:
    Clinician.objects.update(active=False)

    for _ in range(3):
        sender.post(an_alert(priority="H"))

    assert register() == [("C-1", "inactive", "H", 3)]
    entered = Refusal.objects.get()
    assert (entered.client, entered.message_ids, entered.has_more_ids) == (lab, ["123"], False)
    assert entered.first_at < entered.last_at


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"contact_id": "C-404"}, ("C-404", "unknown_contact", "L")),
        ({"priority": "H"}, ("C-1", "no_address", "H")),
        ({"priority": "M"}, ("C-1", "no_preference", "M")),
        ({"type": None}, ("C-1", "invalid", "L")),
        ({"priority": "HIGH"}, ("C-1", "invalid", "H")),
        ({"priority": "urgent"}, ("C-1", "invalid", "")),
        ({"contact_id": 17}, ("", "invalid", "L")),
        ({"contact_id": f" C{HIDDEN}-\t9\x07 "}, ("C- 9", "invalid", "L")),
        ({"contact_id": "C-\ud83d9"}, ("C-9", "invalid", "L")),
        ({"contact_id": "C" * 100}, ("C" * 64, "invalid", "L")),
        ({"contact_id": "943 476 5919"}, ("", "unknown_contact", "L")),
        ({"contact_id": "123456789"}, ("", "unknown_contact", "L")),
    ],
)
def test_it_says_who_was_meant_and_why_nobody_was_told(
    sender: Sender, clinician: Clinician, changes: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    Clinician.objects.update(call_number="", sms_number="")
    preferences.replace(clinician, {Priority.MEDIUM: []})

    assert sender.post(an_alert(**changes)).status_code in {400, 422}

    assert register() == [(*expected, 1)]


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"description": "' + b"x" * 70_000 + b'"}'])
def test_a_body_that_cannot_be_read_is_entered_without_a_contact(
    sender: Sender, clinician: Clinician, body: bytes
) -> None:
    assert sender.post(body).status_code in {400, 413}

    assert register() == [("", "unreadable", "", 1)]


def test_a_form_cannot_be_read_either(sender: Sender) -> None:
    assert sender.client.post("/notification", an_alert(), headers=sender.headers).status_code == 415

    assert register() == [("", "unreadable", "", 1)]


def test_a_token_that_may_only_read_is_entered_with_who_was_meant(
    lab: ApiClient, clinician: Clinician
) -> None:
    reader = Sender(tokens.issue(client=lab, access=Access.READ)[1])

    assert reader.post(an_alert(priority="H")).status_code == 403

    assert register() == [("C-1", "read_only_token", "H", 1)]


@pytest.mark.parametrize("priority", ["H", "urgent"])
def test_a_client_that_was_switched_off_a_moment_ago_is_not_entered(
    sender: Sender, clinician: Clinician, priority: str
) -> None:
    assert sender.post(an_alert()).status_code == 202
    ApiClient.objects.update(active=False)

    answer = sender.post(an_alert(message_id="124", priority=priority))

    assert (answer.status_code, "switched off" in answer.json()["detail"]) == (403, True)
    assert register() == []


def test_a_message_id_that_another_system_took_is_entered(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())
    other = Sender(tokens.issue(client=ApiClient.objects.create(name="Radiology"))[1])

    assert other.post(an_alert(priority="H")).status_code == 409

    assert register() == [("C-1", "message_id_taken", "H", 1)]
    assert Refusal.objects.get().client.name == "Radiology"


def test_a_message_id_used_for_another_alert_is_entered(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())

    assert sender.post(an_alert(priority="H")).status_code == 409

    assert register() == [("C-1", "conflict", "H", 1)]


def test_strangers_and_what_may_be_sent_again_are_not_entered(
    sender: Sender, lab: ApiClient, clinician: Clinician
) -> None:
    ApiClient.objects.update(requests_per_minute=1)

    answers = [
        Sender("mistyped").post(an_alert()),
        sender.get("/notification?status=happy"),
        sender.post(an_alert()),
        sender.post(an_alert(contact_id="C-404")),
    ]

    assert [answer.status_code for answer in answers] == [401, 400, 202, 429]
    assert register() == []


def test_neither_text_nor_patient_is_kept(sender: Sender, clinician: Clinician) -> None:
    private = {"description": "very private words", "patient_id": "P-987", "type": "private_type"}

    sender.post(an_alert(contact_id="C-404", **private))
    sender.post(an_alert(contact_id="P-987", message_id="P-987", **private))

    kept = json.dumps(list(Refusal.objects.values()), default=str)
    assert "C-404" in kept
    assert not [value for value in private.values() if value in kept]


def test_an_alert_that_is_accepted_later_closes_its_row(sender: Sender, clinician: Clinician) -> None:
    Clinician.objects.update(active=False)
    for message_id in ("1", "2"):
        sender.post(an_alert(message_id=message_id, priority="H"))
    Clinician.objects.update(active=True)

    sender.post(an_alert(message_id="1", priority="H"))
    assert [each.message_ids for each in Refusal.objects.open()] == [["1", "2"]]
    sender.post(an_alert(message_id="2", priority="H"))

    assert list(Refusal.objects.open()) == []


def test_another_systems_alert_with_its_id_closes_nothing(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(contact_id="C-404"))
    Sender(tokens.issue(client=ApiClient.objects.create(name="Radiology"))[1]).post(an_alert())

    assert Refusal.objects.open().count() == 1


def test_an_alert_whose_id_is_not_known_is_open_until_somebody_sees_it(
    sender: Sender, clinician: Clinician, admin_user: Any
) -> None:
    sender.post(an_alert(type=None))
    sender.post(an_alert(type=None, message_id=17))
    sender.post(an_alert())

    assert Refusal.objects.open().count() == 1
    Refusal.objects.mark_seen(by=admin_user)
    assert Refusal.objects.open().count() == 0


def test_a_refusal_after_the_last_was_seen_has_a_new_row(
    sender: Sender, clinician: Clinician, admin_user: Any
) -> None:
    sender.post(an_alert(contact_id="C-404"))
    Refusal.objects.mark_seen(by=admin_user)

    sender.post(an_alert(contact_id="C-404"))

    assert register() == [("C-404", "unknown_contact", "L", 1)] * 2
    assert Refusal.objects.open().count() == 1


def test_a_flood_fills_a_bounded_number_of_rows(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Refusal, "MAX_OPEN", 3)
    for number in range(6):
        sender.post(an_alert(contact_id=f"X-{number}"))

    sender.post(an_alert(contact_id="X-0"))  # which is known already

    reason = "unknown_contact"
    assert register() == [
        ("X-0", reason, "L", 2), ("X-1", reason, "L", 1), ("X-2", reason, "L", 1), ("", reason, "L", 3),
    ]  # fmt: skip


def test_so_many_message_ids_are_kept_and_the_rest_counted(sender: Sender, clinician: Clinician) -> None:
    for number in range(Refusal.MAX_IDS + 1):
        sender.post(an_alert(contact_id="C-404", message_id=f"m{number}"))

    entered = Refusal.objects.get()
    assert (len(entered.message_ids), entered.has_more_ids, entered.requests) == (20, True, 21)


def test_entering_takes_one_statement(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(contact_id="C-404"))  # the token's last use is noted by now

    with CaptureQueriesContext(connection) as captured:
        sender.post(an_alert(contact_id="C-404"))

    assert len([each for each in captured if "alerts_refusal" in each["sql"]]) == 1


@pytest.mark.django_db(transaction=True)
def test_forty_at_once_are_counted_in_one_row(clinician: Clinician, lab: ApiClient) -> None:
    secret = tokens.issue(client=lab)[1]

    def post(number: int) -> None:
        Sender(secret).post(an_alert(contact_id="C-404", message_id=f"m{number % 2}"))
        connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(post, range(40)))

    assert register() == [("C-404", "unknown_contact", "L", 40)]
    assert sorted(Refusal.objects.get().message_ids) == ["m0", "m1"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("ALTER TABLE alerts_refusal RENAME TO lost", "ALTER TABLE lost RENAME TO alerts_refusal"),
        ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off"),
    ],
)
def test_the_answer_stays_the_same_where_nothing_can_be_entered(
    sender: Sender, clinician: Clinician, broken: str, repaired: str
) -> None:
    answer = sender.post(an_alert(contact_id="C-404"))
    with connection.cursor() as cursor:
        cursor.execute(broken)
    try:
        same = sender.post(an_alert(contact_id="C-404"))
    finally:
        with connection.cursor() as cursor:
            cursor.execute(repaired)

    assert (same.status_code, same.json()) == (answer.status_code, answer.json())
    assert register() == [("C-404", "unknown_contact", "L", 1)]
