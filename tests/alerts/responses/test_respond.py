"""The one door for answers: who has an alert, and what everybody else is told."""

import threading
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from alerts import responses
from alerts.channels import SendResult
from alerts.deliveries import lifecycle
from alerts.deliveries.retry import NextChannel, Retry
from alerts.escalation import ending, steps
from alerts.models import Alert, Delivery, Engagement, Loop, Response
from alerts.states import (
    AlertState,
    AlertStatus,
    DeliveryState,
    Effect,
    LoopOutcome,
    Proof,
    Reason,
    ResponseKind,
)
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    current,
    let_time_run_out,
    notices,
    refuse,
    take,
    waiting,
)
from tests.alerts.factories import REJECTED, THROTTLED, claim, resend
from tests.oncall.factories import make_colleague

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


def test_whoever_may_have_got_a_message_is_told_that_it_is_taken(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert) == [("C-1", "sms", "taken")]
    assert current(alert).status == AlertStatus.ACKNOWLEDGED


def test_whoever_got_nothing_is_told_nothing(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert) == []


def test_a_notice_is_sent_although_the_alert_has_ended_and_says_nothing_of_how_it_stands(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    assert notices(alert) == [("C-1", "sms", "ended")]
    status = current(alert).status
    refuse(Delivery.objects.exclude(notice="").get())
    assert current(alert).status == status
    assert waiting(alert) == []


def test_declining_asks_the_next_at_once(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert Delivery.objects.get(alert=alert).state == DeliveryState.CANCELLED
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_late_no_does_not_pass_over_whoever_is_asked_meanwhile(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert steps.take_up_due() == 0
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_late_yes_counts_while_nobody_has_it(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    assert answer(alert, "C-1").effect == Effect.APPLIED
    assert asked(alert) == [("C-1", "accepted"), ("C-2", "withdrawn")]


@pytest.mark.parametrize(("proof", "told"), [(Proof.CALL_KEY, [("C-1", "sms", "taken")]), (Proof.LINK, [])])
def test_whoever_accepts_in_vain_by_a_call_is_told_afterwards(
    ask: Ask, proof: Proof, told: list[tuple[str, str, str]]
) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    for _ in range(2):
        assert answer(alert, "C-1", proof=proof).effect == Effect.ALREADY_TAKEN
    assert notices(alert) == told


@pytest.mark.parametrize(
    ("is_taken", "told"), [(True, [("C-1", "sms", "ended")]), (False, [("C-1", "sms", "late")])]
)
def test_whoever_accepts_too_late_by_a_call_is_told_once_that_it_has_ended(
    ask: Ask, is_taken: bool, told: list[tuple[str, str, str]]
) -> None:
    alert = ask()
    if is_taken:  # so that they may have got something, and are told of the end
        take(Delivery.objects.get(alert=alert))
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    assert answer(alert, "C-1").effect == Effect.TOO_LATE
    assert notices(alert) == told


def test_what_somebody_has_is_not_cancelled_behind_their_back(ask: Ask) -> None:
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


@pytest.mark.parametrize("kind", [ResponseKind.HAND_BACK, ResponseKind.DECLINE])
def test_handing_back_asks_the_next(ask: Ask, kind: ResponseKind) -> None:
    alert = ask()
    answer(alert, "C-1")
    assert answer(alert, "C-1", kind).effect == Effect.APPLIED
    assert current(alert).state == AlertState.OPEN
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_whoever_was_asked_when_it_was_accepted_is_asked_again_after_a_hand_back_and_told_again(
    ask: Ask, clinician: Clinician, colleague: Clinician
) -> None:
    third = make_colleague("C-3", sms_number="+447700900302", call_number="+447700900303")
    alert = ask(None, colleague, third)
    let_time_run_out(alert)
    take(Delivery.objects.get(alert=alert, clinician=colleague))
    answer(alert, "C-1")
    assert notices(alert) == [("C-2", "sms", "taken")]
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "withdrawn"), ("C-2", "asked")]
    take(Delivery.objects.get(alert=alert, clinician=colleague, state=DeliveryState.PENDING, notice=""))
    let_time_run_out(alert)
    answer(alert, "C-3")
    assert notices(alert) == [("C-2", "sms", "taken")] * 2


@pytest.mark.parametrize("is_being_sent", [False, True])
def test_nobody_is_told_that_it_is_taken_once_it_was_handed_back(ask: Ask, is_being_sent: bool) -> None:
    alert = ask()
    let_time_run_out(alert)
    take(Delivery.objects.get(alert=alert, clinician__contact_id="C-2"))
    answer(alert, "C-1")
    told = Delivery.objects.get(alert=alert, notice="taken")
    claimed = claim(told) if is_being_sent else None
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    if claimed:
        lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta()))
    told.refresh_from_db()
    assert told.state == DeliveryState.CANCELLED


def test_a_second_hand_back_goes_on_where_the_asking_was(ask: Ask, colleague: Clinician) -> None:
    third = make_colleague("C-3", sms_number="+447700900302", call_number="+447700900303")
    alert = ask(None, colleague, third)
    let_time_run_out(alert)
    for contact_id in ("C-1", "C-3"):  # C-2 is asked again in between, and does not answer
        answer(alert, contact_id)
        answer(alert, contact_id, ResponseKind.HAND_BACK)
        steps.take_up_due()
        let_time_run_out(alert)
    assert asked(alert)[-2:] == [("C-2", "undefined"), ("C-3", "declined")]


def test_whoever_was_asked_twice_answers_for_what_they_have_by_either_message(ask: Ask) -> None:
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


def test_a_no_to_an_earlier_message_is_a_no_to_the_later_question(ask: Ask, colleague: Clinician) -> None:
    alert = ask(None, None, colleague)
    let_time_run_out(alert)
    first = Engagement.objects.get(alert=alert, number=1)
    responses.respond(first.pk, responses.Answer(ResponseKind.DECLINE, Proof.SMS, "reply-1"))
    steps.take_up_due()
    assert asked(alert) == [("C-1", "undefined"), ("C-1", "declined"), ("C-2", "asked")]


@pytest.mark.parametrize("follows", ["next channel", "retry", "ring again"])
def test_nothing_more_is_sent_to_somebody_who_has_declined(ask: Ask, follows: str) -> None:
    alert = ask()
    call = Delivery.objects.get(alert=alert)
    claimed = claim(call)
    if follows == "retry":
        answer(alert, "C-1", ResponseKind.DECLINE)
        lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta()))
    elif follows == "next channel":
        lifecycle.mark_sent(claimed, SendResult("contact-1"))
        answer(alert, "C-1", ResponseKind.DECLINE)
        lifecycle.mark_undelivered(call.pk, Reason.NOT_ANSWERED)
    else:
        preferences.replace(alert.clinician, {Priority.HIGH: [Channel.CALL, Channel.SMS, Channel.CALL]})
        lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.NOT_ANSWERED))
        text = claim(Delivery.objects.get(alert=alert, channel=Channel.SMS))
        answer(alert, "C-1", ResponseKind.DECLINE)
        lifecycle.mark_sent(text, SendResult("sms-1"))
    assert waiting(alert) == []


def test_what_staff_send_again_to_somebody_who_had_declined_takes_its_channels(ask: Ask) -> None:
    alert = ask(None)
    answer(alert, "C-1", ResponseKind.DECLINE)
    steps.take_up_due()
    refuse(resend(alert.pk, by=User.objects.create_user("olive")))
    assert waiting(alert) == [("C-1", "sms")]


def test_only_the_holder_hands_back(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert answer(alert, "C-1", ResponseKind.HAND_BACK).effect == Effect.ALREADY_TAKEN
    assert current(alert).state == AlertState.ACKNOWLEDGED


def test_handing_back_with_nobody_left_is_loud(ask: Ask) -> None:
    alert = ask(None)
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    steps.take_up_due()
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.EXHAUSTED


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
