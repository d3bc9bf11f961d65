"""Sent is not delivered: Bleep asks for the outcome of a call, and follows up a call that reached nobody."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now

from alerts.deliveries.outcomes import OUTCOME_EVERY
from alerts.models import Alert, Delivery
from alerts.sending import outcomes, send as sending
from alerts.states import DeliveryState, Reason
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import current, placed
from tests.aws import Aws

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("fresh_counters", "many_calls"),
]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
START = "connect:StartOutboundVoiceContact"
DESCRIBE = "connect:DescribeContact"


def test_a_sent_call_is_asked_about_a_little_later(store: Store, aws: Aws) -> None:
    call = store(H)

    sending.deliver(call.pk)

    accepted = current(call)
    assert accepted.state == DeliveryState.SENT
    assert accepted.outcome_due_at is not None
    assert accepted.finished_at is not None
    assert accepted.outcome_due_at - accepted.finished_at == OUTCOME_EVERY


@pytest.mark.parametrize("priority", [M, L])
def test_nobody_can_be_asked_about_sms_and_email(store: Store, aws: Aws, priority: Priority) -> None:
    delivery = store(priority)

    sending.deliver(delivery.pk)

    assert {Channel.CALL} == outcomes.ASKED
    assert current(delivery).outcome_due_at is None


def test_a_call_that_is_answered_is_delivered(store: Store, aws: Aws) -> None:
    call = placed(store)

    outcomes.ask(call.pk)

    assert (current(call).state, current(call).outcome_due_at) == (DeliveryState.DELIVERED, None)
    assert current(call).outcome_at is not None
    assert Alert.objects.with_status().get().status == "delivered"
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("kind", "reason"), [("busy", Reason.BUSY), ("no_answer", Reason.NOT_ANSWERED)])
def test_a_call_that_reaches_nobody_is_followed_by_the_next_channel(
    store: Store, aws: Aws, kind: str, reason: Reason
) -> None:
    aws.misbehave(START, kind, times=1)
    call = placed(store)

    outcomes.ask(call.pk)

    undelivered, sms = Delivery.objects.order_by("created_at")
    assert (undelivered.state, undelivered.reason) == (DeliveryState.UNDELIVERED, reason)
    assert (sms.channel, sms.state) == (Channel.SMS, DeliveryState.PENDING)
    assert Alert.objects.with_status().get().status == "queued"


@pytest.mark.parametrize("priority", Priority)
def test_a_call_that_reaches_nobody_and_was_the_last_channel_fails_the_alert(
    store: Store, clinician: Clinician, aws: Aws, caplog: pytest.LogCaptureFixture, priority: Priority
) -> None:
    preferences.replace(clinician, {priority: [Channel.CALL]})
    aws.misbehave(START, "busy", times=1)
    call = placed(store, priority)

    outcomes.ask(call.pk)

    assert Alert.objects.with_status().get().status == "failed"
    assert any("alert.failed" in str(record.msg) for record in caplog.records)


def test_a_call_that_still_rings_is_asked_about_again(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "no_answer", times=1, seconds=3600)
    call = placed(store)

    assert outcomes.take_due(10) == [call.pk]
    outcomes.ask(call.pk)

    assert current(call).state == DeliveryState.SENT
    assert outcomes.take_due(10) == [], "not at once"
    Delivery.objects.update(outcome_due_at=Now())
    assert outcomes.take_due(10) == [call.pk]


def test_the_asking_stops_after_five_minutes_with_a_last_question(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "no_answer", seconds=3600)
    young = placed(store, finished_at=Now() - outcomes.ASKED_FOR + timedelta(seconds=30))
    old = placed(store, finished_at=Now() - outcomes.ASKED_FOR)

    assert set(outcomes.take_due(10)) == {young.pk, old.pk}
    assert current(old).outcome_due_at is not None, "Redis may lose the question"
    outcomes.ask(young.pk)
    outcomes.ask(old.pk)

    assert current(young).outcome_due_at is not None
    assert (current(old).outcome_due_at, current(old).state) == (None, DeliveryState.SENT)


def test_the_asking_stops_though_the_last_question_fails(store: Store, aws: Aws) -> None:
    call = placed(store, finished_at=Now() - outcomes.ASKED_FOR)
    aws.misbehave(DESCRIBE, "reject", code="AccessDeniedException")

    outcomes.ask(call.pk)

    assert current(call).outcome_due_at is None


@pytest.mark.parametrize("kind", ["error", "throttle", "reject", "error_after", "reset_after"])
def test_an_error_while_asking_changes_nothing(
    store: Store, aws: Aws, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)
    aws.misbehave(DESCRIBE, kind, times=1)

    outcomes.ask(call.pk)

    assert current(call).state == DeliveryState.SENT
    assert current(call).outcome_due_at is not None
    assert any("outcome.unknown" in str(record.msg) for record in caplog.records)
    outcomes.ask(call.pk)
    assert current(call).state == DeliveryState.UNDELIVERED


def test_a_denied_question_is_logged_as_an_error(
    store: Store, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    call = placed(store)
    aws.misbehave(DESCRIBE, "reject", code="AccessDeniedException")

    outcomes.ask(call.pk)

    [record] = [each for each in caplog.records if "outcome.unknown" in str(each.msg)]
    assert record.levelname == "ERROR"


@pytest.mark.parametrize("state", ["acknowledged", "cancelled", "closed"])
def test_an_alert_that_is_dealt_with_is_not_followed_up(store: Store, aws: Aws, state: str) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)
    Alert.objects.update(state=state)

    outcomes.ask(call.pk)

    assert current(call).state == DeliveryState.UNDELIVERED
    assert Delivery.objects.count() == 1


def test_two_answers_at_once_open_one_channel(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)

    def ask(_: int) -> None:
        outcomes.ask(call.pk)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))

    assert Delivery.objects.count() == 2


def test_two_relays_do_not_ask_about_the_same_call(store: Store, aws: Aws) -> None:
    calls = {placed(store).pk for _ in range(4)}

    def take(_: int) -> list[Any]:
        taken = outcomes.take_due(2)
        connections.close_all()
        return taken

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        ours = outcomes.take_due(2)  # and its rows are held until the block ends
        theirs = pool.submit(take, 0).result(timeout=10)

    assert len(ours) == len(theirs) == 2
    assert {*ours, *theirs} == calls
