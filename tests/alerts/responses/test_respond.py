"""Taking an answer: who has the alert then, and that an answer is kept once."""

import threading
import uuid

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from alerts import responses
from alerts.deliveries import lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.escalation import ending
from alerts.models import Alert, Delivery, Engagement, Loop, Response
from alerts.states import (
    AlertState,
    AlertStatus,
    Effect,
    LoopOutcome,
    Proof,
    Reason,
    ResponseKind,
)
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    current,
    let_time_run_out,
    notices,
    take,
    waiting,
)
from tests.alerts.factories import REJECTED, claim

pytestmark = pytest.mark.django_db


def test_an_acceptance_stops_everything_else(ask: Ask) -> None:
    alert = ask()
    assert answer(alert, "C-1").effect == Effect.APPLIED
    assert asked(alert) == [("C-1", "accepted")]
    assert current(alert).status == AlertStatus.ACKNOWLEDGED
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.ACCEPTED
    assert waiting(alert) == []
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "accepted")]


def test_no_channel_opens_after_an_acceptance(ask: Ask) -> None:
    alert = ask()
    claimed = claim(Delivery.objects.get(alert=alert))
    answer(alert, "C-1")
    lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))
    assert waiting(alert) == []
    assert not current(alert).failed


def test_the_first_to_accept_has_it(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-1")
    assert answer(alert, "C-2").effect == Effect.ALREADY_TAKEN
    assert asked(alert) == [("C-1", "accepted"), ("C-2", "withdrawn")]


def test_a_second_acceptance_of_the_holder_changes_nothing(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1")
    assert answer(alert, "C-1").effect == Effect.ALREADY_TAKEN
    assert asked(alert) == [("C-1", "accepted")]


def test_a_late_yes_counts_while_nobody_has_it(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    assert answer(alert, "C-1").effect == Effect.APPLIED
    assert asked(alert) == [("C-1", "accepted"), ("C-2", "withdrawn")]


def test_an_alert_that_somebody_has_taken_is_not_cancelled_behind_their_back(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    answer(alert, "C-1")
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    assert current(alert).state == AlertState.ACKNOWLEDGED
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.ACCEPTED
    assert notices(alert) == []


@pytest.mark.parametrize("state", [AlertState.CANCELLED, AlertState.CLOSED, AlertState.WITHDRAWN])
def test_an_answer_never_reopens_an_alert_that_has_ended(ask: Ask, state: AlertState) -> None:
    alert = ask()
    ending.end(Alert.objects.get(pk=alert.pk), state)
    for kind in ResponseKind:
        assert answer(alert, "C-1", kind).effect == Effect.TOO_LATE
    assert current(alert).state == state
    assert asked(alert) == [("C-1", "withdrawn")]


def test_a_person_who_was_asked_twice_answers_by_either_message(ask: Ask) -> None:
    alert = ask(None, None)
    let_time_run_out(alert)
    first = Engagement.objects.get(alert=alert, number=1)

    def say(kind: ResponseKind, proof: Proof = Proof.CALL_KEY) -> str:
        return responses.respond(first.pk, responses.Answer(kind, proof, uuid.uuid4().hex)).effect

    assert say(ResponseKind.ACCEPT) == Effect.APPLIED
    assert asked(alert) == [("C-1", "undefined"), ("C-1", "accepted")]
    assert say(ResponseKind.ACCEPT) == Effect.ALREADY_TAKEN
    assert notices(alert) == [], "nobody tells them that somebody else has it"
    assert say(ResponseKind.DECLINE, Proof.LINK) == Effect.APPLIED
    assert asked(alert) == [("C-1", "undefined"), ("C-1", "declined")]


def test_the_same_answer_is_kept_once(ask: Ask) -> None:
    alert = ask()
    first = answer(alert, "C-1", evidence="contact-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    again = answer(alert, "C-1", evidence="contact-1")
    assert again == first
    assert again.effect == Effect.APPLIED
    assert Response.objects.filter(alert=alert).count() == 2
    assert current(alert).state == AlertState.OPEN


def test_staff_say_who_and_how_they_know(ask: Ask) -> None:
    alert = ask()
    engagement = Engagement.objects.get(alert=alert)
    user = User.objects.create_user("olive")
    said = responses.Answer(
        ResponseKind.ACCEPT, Proof.STAFF, "desk-1", by=user, note="She rang the switchboard."
    )
    kept = responses.respond(engagement.pk, said)
    assert (kept.by, kept.note) == (user, "She rang the switchboard.")
    with pytest.raises(IntegrityError, match="response_of_staff_names_them"), transaction.atomic():
        responses.respond(engagement.pk, responses.Answer(ResponseKind.ACCEPT, Proof.STAFF, "desk-2"))


@pytest.mark.parametrize("change", ["UPDATE alerts_response SET note = 'x'", "DELETE FROM alerts_response"])
def test_answers_are_neither_changed_nor_deleted(ask: Ask, change: str) -> None:
    answer(ask(), "C-1")
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.django_db(transaction=True)
def test_two_who_accept_in_the_same_instant(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    effects: list[str] = []
    together = threading.Barrier(2)

    def accept(contact_id: str) -> None:
        together.wait()
        try:
            effects.append(answer(alert, contact_id).effect)
        finally:
            connection.close()

    threads = [threading.Thread(target=accept, args=[each]) for each in ("C-1", "C-2")]
    for each in threads:
        each.start()
    for each in threads:
        each.join(timeout=20)
    assert sorted(effects) == [Effect.ALREADY_TAKEN, Effect.APPLIED]
    assert [state for _, state in asked(alert)].count("accepted") == 1
