"""Who was asked to take an alert on, and who has: in every answer, and at no cost for alerts without a plan."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.dateparse import parse_datetime

from alerts.models import Alert, Delivery, Engagement
from alerts.states import Proof, ResponseKind
from contacts.models import Clinician
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    let_time_run_out,
    notices,
    refuse_all,
    take,
)
from tests.factories import an_alert
from tests.oncall.factories import cover, make_colleague, make_plan
from tests.sender import Sender

pytestmark = pytest.mark.django_db

NOBODY = {"state": "none", "by": None, "at": None, "proof": None, "step": None}


def test_without_a_plan_nobody_is_asked(sender: Sender, clinician: Clinician) -> None:
    first = sender.post(an_alert()).json()

    said = [
        first,
        sender.post(an_alert()).json(),
        sender.get("/notification/123").json(),
        sender.get("/notification").json()["results"][0],
    ]

    assert all(each["responsibility"] == NOBODY and each["engagements"] == [] for each in said)
    assert all(each["deliveries"][0]["engagement"] is None for each in said)


def test_the_answer_to_a_new_alert_shows_who_is_asked_and_until_when(
    sender: Sender, clinician: Clinician
) -> None:
    make_plan(None, make_colleague("C-2"), wait=timedelta(minutes=2))

    said = sender.post(an_alert(priority="H")).json()

    assert said["responsibility"] == {**NOBODY, "state": "undefined", "step": 1}
    [engagement] = said["engagements"]
    asked_at, due_at = (parse_datetime(engagement.pop(name)) for name in ("asked_at", "due_at"))
    assert asked_at
    assert due_at
    assert due_at - asked_at == timedelta(minutes=2)
    assert engagement == {
        "number": 1,
        "contact_id": "C-1",
        "step": 1,
        "why": "addressed",
        "state": "asked",
        "proof": None,
        "ended_at": None,
    }
    assert said["deliveries"][0]["engagement"] == 1


def test_it_is_the_same_in_every_answer(ask: Ask, sender: Sender) -> None:
    first = ask()
    body = an_alert(message_id=first.message_id, priority="H")
    let_time_run_out(first)

    said = [
        sender.post(body).json(),
        sender.get(f"/notification/{first.message_id}").json(),
        sender.get("/notification").json()["results"][0],
    ]

    assert said[0]["responsibility"] == {**NOBODY, "state": "undefined", "step": 2}
    assert [(each["contact_id"], each["state"]) for each in said[0]["engagements"]] == [
        ("C-1", "undefined"),
        ("C-2", "asked"),
    ]
    assert [each["engagement"] for each in said[0]["deliveries"]] == [1, 2]
    for name in ("responsibility", "engagements"):
        assert said[0][name] == said[1][name] == said[2][name]


def test_it_names_who_accepted_and_by_what_proof(ask: Ask, sender: Sender) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2", proof=Proof.SMS)

    said = sender.get(f"/notification/{alert.message_id}").json()

    held = said["engagements"][1]
    assert said["status"] == "acknowledged"
    assert said["responsibility"] == {
        "state": "accepted",
        "by": "C-2",
        "at": held["ended_at"],
        "proof": "sms",
        "step": 2,
    }
    assert (held["state"], held["proof"]) == ("accepted", "sms")


def test_an_answer_that_changed_nothing_proves_nothing(ask: Ask, sender: Sender) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2", proof=Proof.SMS)
    answer(alert, "C-1", proof=Proof.LINK)
    answer(alert, "C-2", proof=Proof.LINK)

    said = sender.get(f"/notification/{alert.message_id}").json()

    assert said["responsibility"]["proof"] == "sms"
    assert [each["proof"] for each in said["engagements"]] == [None, "sms"]


def test_who_declined_by_what_proof(ask: Ask, sender: Sender) -> None:
    alert = ask()
    answer(alert, "C-1", ResponseKind.DECLINE, proof=Proof.LINK)

    said = sender.get(f"/notification/{alert.message_id}").json()

    assert [(each["state"], each["proof"]) for each in said["engagements"]] == [("declined", "link")]


def test_exhausted_is_said_and_undone_by_who_accepts_after_all(ask: Ask, sender: Sender) -> None:
    alert = ask()
    for _ in range(3):
        let_time_run_out(alert)
    path = f"/notification/{alert.message_id}"

    assert sender.get(path).json()["responsibility"] == {**NOBODY, "state": "exhausted"}

    answer(alert, "C-1")
    assert sender.get(path).json()["responsibility"]["by"] == "C-1"


def test_a_hand_back_leaves_nobody_with_it(ask: Ask, sender: Sender) -> None:
    alert = ask()
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)

    said = sender.get(f"/notification/{alert.message_id}").json()

    assert said["responsibility"]["state"] == "undefined"
    assert said["engagements"][0]["state"] == "declined"


def test_the_addressed_person_has_the_contact_id_that_was_sent(
    ask: Ask, sender: Sender, clinician: Clinician, colleague: Clinician
) -> None:
    alert = ask()
    let_time_run_out(alert)
    for each, new in ((clinician, "C-9"), (colleague, "C-8")):
        each.contact_id = new
        each.save()

    said = sender.get(f"/notification/{alert.message_id}").json()

    assert [each["contact_id"] for each in said["engagements"]] == ["C-1", "C-8"]


def test_a_cover_is_named_as_such(sender: Sender, clinician: Clinician) -> None:
    make_plan(None)
    cover(clinician, make_colleague("C-2"))

    said = sender.post(an_alert(priority="H")).json()

    assert [(each["contact_id"], each["why"]) for each in said["engagements"]] == [("C-2", "cover")]


def test_a_sender_does_not_see_notices(ask: Ask, sender: Sender) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert)
    body = an_alert(message_id=alert.message_id, priority="H")

    for said in (
        sender.post(body).json(),
        sender.get(f"/notification/{alert.message_id}").json(),
        sender.get("/notification").json()["results"][0],
    ):
        assert len(said["deliveries"]) == 2
        assert all(each["round"] == 1 for each in said["deliveries"])


def test_a_sender_sees_neither_name_nor_address_of_the_person_asked(ask: Ask, sender: Sender) -> None:
    alert = ask()
    refuse_all(alert)
    let_time_run_out(alert)
    answer(alert, asked(alert)[-1][0])

    said = sender.get(f"/notification/{alert.message_id}").content.decode()

    for engagement in Engagement.objects.all():
        assert engagement.clinician.name not in said
        assert engagement.clinician.sms_number not in said


def cost(sender: Sender, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert sender.get(path).status_code == 200
    return len(captured)


def test_a_list_costs_three_queries_more_however_many_people_were_asked(
    ask: Ask, sender: Sender, clinician: Clinician
) -> None:
    for number in range(3):
        sender.post(an_alert(message_id=f"without-{number}"))
    without = cost(sender, "/notification")

    let_time_run_out(ask())
    with_one = cost(sender, "/notification")
    for _ in range(4):
        alert = ask_again(sender)
        let_time_run_out(alert)
        answer(alert, "C-2")

    assert with_one == without + 3
    assert cost(sender, "/notification") == with_one


def ask_again(sender: Sender) -> Alert:
    message_id = f"again-{Alert.objects.count()}"
    sender.post(an_alert(message_id=message_id, priority="H"))
    return Alert.objects.get(message_id=message_id)
