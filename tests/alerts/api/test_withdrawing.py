"""POST /notification/<message_id>/withdraw: the cause of an alert has gone."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from alerts.models import Alert, Delivery, Loop
from alerts.states import AlertState
from clients import tokens
from clients.models import Access, ApiClient
from contacts.models import Clinician
from tests.alerts.escalation.factories import Ask, answer, asked, let_time_run_out, notices, take, waiting
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def withdraw(sender: Sender, message_id: str, **headers: str) -> Any:
    headers = {**sender.headers, **headers}
    return sender.client.post(f"/notification/{message_id}/withdraw", headers=headers)


def first(alert: Alert) -> Delivery:
    return Delivery.objects.filter(alert=alert).earliest("created_at")


@pytest.mark.parametrize("end", ["", "/"])
def test_a_waiting_alert_is_not_sent(sender: Sender, clinician: Clinician, end: str) -> None:
    sender.post(an_alert())

    said = sender.client.post(f"/notification/123/withdraw{end}", headers=sender.headers)

    assert (said.status_code, said.json()["status"]) == (200, "withdrawn")
    assert [each["state"] for each in said.json()["deliveries"]] == ["cancelled"]
    assert sender.get("/notification/123").json()["status"] == "withdrawn"
    assert sender.get("/notification?status=withdrawn").json()["results"][0]["message_id"] == "123"
    assert Alert.objects.get().withdrawn_at is not None


def test_without_a_plan_nobody_is_told(sender: Sender, clinician: Clinician) -> None:
    """Nobody was asked for anything."""
    sender.post(an_alert())
    alert = Alert.objects.get()
    take(first(alert))

    assert withdraw(sender, alert.message_id).json()["status"] == "withdrawn"

    assert Delivery.objects.filter(alert=alert).count() == 1


def test_nobody_is_asked_any_more_and_who_may_have_been_is_told(ask: Ask, sender: Sender) -> None:
    alert = ask()
    take(first(alert))
    let_time_run_out(alert)

    said = withdraw(sender, alert.message_id).json()

    assert asked(alert) == [("C-1", "undefined"), ("C-2", "withdrawn")]
    assert waiting(alert) == []
    assert notices(alert) == [("C-1", "sms", "ended")]
    assert not Loop.objects.get().is_open
    assert said["responsibility"]["state"] == "none"
    assert [each["state"] for each in said["engagements"]] == ["undefined", "withdrawn"]


def test_the_person_who_accepted_is_told_and_the_others_only_once(ask: Ask, sender: Sender) -> None:
    alert = ask()
    take(first(alert))
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert) == [("C-1", "sms", "taken")]

    said = withdraw(sender, alert.message_id).json()

    assert notices(alert) == [("C-1", "sms", "taken"), ("C-2", "sms", "ended")]
    assert (said["status"], said["responsibility"]["state"], said["responsibility"]["by"]) == (
        "withdrawn",
        "accepted",
        "C-2",
    )


def test_to_withdraw_it_again_changes_nothing(ask: Ask, sender: Sender) -> None:
    alert = ask()
    take(first(alert))
    before = withdraw(sender, alert.message_id).json()
    at = Alert.objects.get().withdrawn_at

    again = withdraw(sender, alert.message_id)

    assert (again.status_code, again.json()) == (200, before)
    assert Alert.objects.get().withdrawn_at == at
    assert len(notices(alert)) == 1


def test_a_repeat_of_the_alert_does_not_revive_it(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())
    withdraw(sender, "123")

    again = sender.post(an_alert())

    assert (again.status_code, again.json()["status"]) == (200, "withdrawn")


@pytest.mark.parametrize("state", [AlertState.CANCELLED, AlertState.CLOSED])
def test_an_alert_that_staff_have_ended_stays_as_it_is(
    sender: Sender, clinician: Clinician, state: AlertState
) -> None:
    sender.post(an_alert())
    Alert.objects.update(state=state)

    said = withdraw(sender, "123")

    assert (said.status_code, said["Content-Type"]) == (409, "application/problem+json")
    assert said.json()["code"] == "ended"
    assert Alert.objects.get().state == state


def test_another_system_s_alert_is_404_and_stays(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())
    other = Sender(tokens.issue(client=ApiClient.objects.create(name="X-ray"))[1])

    assert withdraw(other, "123").status_code == withdraw(other, "none").status_code == 404
    assert Alert.objects.get().state == AlertState.OPEN


def test_a_token_that_only_reads_cannot(sender: Sender, lab: ApiClient, clinician: Clinician) -> None:
    sender.post(an_alert())
    reader = Sender(tokens.issue(client=lab, access=Access.READ)[1])

    assert withdraw(reader, "123").status_code == 403
    assert Client().post("/notification/123/withdraw").status_code == 401
    assert Alert.objects.get().state == AlertState.OPEN


def test_an_unknown_parameter_is_refused(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())

    said = sender.client.post("/notification/123/withdraw?why=gone", headers=sender.headers)

    assert (said.status_code, said.json()["errors"][0]["field"]) == (400, "why")
    assert Alert.objects.get().state == AlertState.OPEN


@pytest.mark.parametrize("message_id", ["a/withdraw", "a/b/withdraw/", "withdraw"])
def test_an_alert_whose_message_id_ends_like_the_address_is_found_as_before(
    sender: Sender, clinician: Clinician, message_id: str
) -> None:
    location = sender.post(an_alert(message_id=message_id))["Location"]

    assert sender.get(location).json()["message_id"] == message_id
    assert sender.client.post(f"{location}/withdraw", headers=sender.headers).json()["status"] == "withdrawn"


def test_whatever_is_sent_with_it_is_not_read(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert())

    said = sender.client.post(
        "/notification/123/withdraw", "no JSON", content_type="text/plain", headers=sender.headers
    )

    assert said.status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_a_withdrawal_and_an_acceptance_at_once_both_are_kept(ask: Ask, sender: Sender) -> None:
    alert = ask()
    take(first(alert))

    def accept() -> str:
        try:
            return answer(alert, "C-1").effect
        finally:
            connections.close_all()

    def gone() -> int:
        try:
            return int(withdraw(sender, alert.message_id).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        effect, status = pool.submit(accept), pool.submit(gone)

    assert status.result() == 200
    alert.refresh_from_db()
    assert alert.state == AlertState.WITHDRAWN
    told = [notice for _, _, notice in notices(alert)]
    held = ("C-1", "accepted")
    assert (effect.result(), asked(alert)) in [("applied", [held]), ("too_late", [("C-1", "withdrawn")])]
    assert told == ["ended"]
