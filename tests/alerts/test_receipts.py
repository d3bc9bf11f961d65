"""Accepted is not delivered: what became of a call is asked for, and a call that reached nobody is followed up."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connections, transaction
from django.db.models.functions import Now

from alerts import delivery as sending, pacing, receipts, relay
from alerts.channels import RECEIPTS
from alerts.lifecycle import RECEIPT_EVERY
from alerts.models import Alert, Attempt, Delivery, WorkerHeartbeat, WorkerKind
from alerts.pacing import Budget
from alerts.states import DeliveryState, Reason
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store, broken_broker, closed_port
from tests.conftest import Aws
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fresh_counters")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
START = "connect:StartOutboundVoiceContact"
DESCRIBE = "connect:DescribeContact"


@pytest.fixture(autouse=True)
def fast(settings: Any) -> None:
    """More calls than the default quota of AWS."""
    settings.CONNECT_CALLS_PER_SECOND = 1000


def placed(store: Store, priority: Priority = H, **fields: Any) -> Delivery:
    """A call that Connect has taken, which is to be asked about now."""
    delivery = store(priority)
    sending.deliver(delivery.pk)
    Delivery.objects.filter(pk=delivery.pk).update(**{"receipt_due_at": Now(), **fields})
    return current(delivery)


def current(delivery: Delivery) -> Delivery:
    """The delivery as it is in the database."""
    return Delivery.objects.get(pk=delivery.pk)


def test_an_accepted_call_is_asked_about_a_little_later(store: Store, aws: Aws) -> None:
    call = store(H)

    sending.deliver(call.pk)

    accepted = current(call)
    assert accepted.state == DeliveryState.ACCEPTED
    assert accepted.receipt_due_at is not None
    assert accepted.finished_at is not None
    assert accepted.receipt_due_at - accepted.finished_at == RECEIPT_EVERY


@pytest.mark.parametrize("priority", [M, L])
def test_nobody_can_be_asked_about_sms_and_email(store: Store, aws: Aws, priority: Priority) -> None:
    delivery = store(priority)

    sending.deliver(delivery.pk)

    assert set(RECEIPTS) == {Channel.CALL}
    assert current(delivery).receipt_due_at is None


def test_a_call_that_is_answered_is_delivered(store: Store, aws: Aws) -> None:
    call = placed(store)

    receipts.ask(call.pk)

    assert (current(call).state, current(call).receipt_due_at) == (DeliveryState.DELIVERED, None)
    assert current(call).receipt_at is not None
    assert Alert.objects.with_status().get().status == "delivered"
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("kind", "reason"), [("busy", Reason.BUSY), ("no_answer", Reason.NOT_ANSWERED)])
def test_a_call_that_reaches_nobody_is_followed_by_the_next_channel(
    store: Store, aws: Aws, kind: str, reason: Reason
) -> None:
    aws.misbehave(START, kind, times=1)
    call = placed(store)

    receipts.ask(call.pk)

    undelivered, sms = Delivery.objects.order_by("created_at")
    assert (undelivered.state, undelivered.reason) == (DeliveryState.UNDELIVERED, reason)
    assert (sms.channel, sms.state) == (Channel.SMS, DeliveryState.PENDING)
    assert Alert.objects.with_status().get().status == "accepted"


@pytest.mark.parametrize("priority", Priority)
def test_a_call_that_reaches_nobody_and_was_the_last_channel_fails_the_alert(
    store: Store, clinician: Clinician, aws: Aws, caplog: pytest.LogCaptureFixture, priority: Priority
) -> None:
    preferences.replace(clinician, {priority: [Channel.CALL]})
    aws.misbehave(START, "busy", times=1)
    call = placed(store, priority)

    receipts.ask(call.pk)

    assert Alert.objects.with_status().get().status == "failed"
    assert any("alert.failed" in str(record.msg) for record in caplog.records)


def test_a_call_that_still_rings_is_asked_about_again(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "no_answer", times=1, seconds=3600)
    call = placed(store)

    assert receipts.take_due(10) == [call.pk]
    receipts.ask(call.pk)

    assert current(call).state == DeliveryState.ACCEPTED
    assert receipts.take_due(10) == [], "not at once"
    Delivery.objects.update(receipt_due_at=Now())
    assert receipts.take_due(10) == [call.pk]


def test_the_asking_stops_after_five_minutes_with_a_last_question(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "no_answer", seconds=3600)
    young = placed(store, finished_at=Now() - receipts.ASKED_FOR + timedelta(seconds=30))
    old = placed(store, finished_at=Now() - receipts.ASKED_FOR)

    assert set(receipts.take_due(10)) == {young.pk, old.pk}
    assert current(old).receipt_due_at is not None, "Redis may lose the question"
    receipts.ask(young.pk)
    receipts.ask(old.pk)

    assert current(young).receipt_due_at is not None
    assert (current(old).receipt_due_at, current(old).state) == (None, DeliveryState.ACCEPTED)


def test_the_asking_stops_though_the_last_question_fails(store: Store, aws: Aws) -> None:
    call = placed(store, finished_at=Now() - receipts.ASKED_FOR)
    aws.misbehave(DESCRIBE, "reject", code="AccessDeniedException")

    receipts.ask(call.pk)

    assert current(call).receipt_due_at is None


@pytest.mark.parametrize("kind", ["error", "throttle", "reject", "error_after", "reset_after"])
def test_an_error_while_asking_is_no_news(
    store: Store, aws: Aws, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)
    aws.misbehave(DESCRIBE, kind, times=1)

    receipts.ask(call.pk)

    assert current(call).state == DeliveryState.ACCEPTED
    assert current(call).receipt_due_at is not None
    assert any("receipt.unknown" in str(record.msg) for record in caplog.records)
    receipts.ask(call.pk)
    assert current(call).state == DeliveryState.UNDELIVERED


def test_operators_are_told_as_of_an_error_when_bleep_may_not_ask(
    store: Store, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    call = placed(store)
    aws.misbehave(DESCRIBE, "reject", code="AccessDeniedException")

    receipts.ask(call.pk)

    [record] = [each for each in caplog.records if "receipt.unknown" in str(each.msg)]
    assert record.levelname == "ERROR"


@pytest.mark.parametrize("state", ["acknowledged", "cancelled", "closed"])
def test_an_alert_that_is_dealt_with_is_not_followed_up(store: Store, aws: Aws, state: str) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)
    Alert.objects.update(state=state)

    receipts.ask(call.pk)

    assert current(call).state == DeliveryState.UNDELIVERED
    assert Delivery.objects.count() == 1


def test_two_answers_at_once_open_one_channel(store: Store, aws: Aws) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)

    def ask(_: int) -> None:
        receipts.ask(call.pk)
        connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))

    assert Delivery.objects.count() == 2


def test_two_relays_do_not_ask_about_the_same_call(store: Store, aws: Aws) -> None:
    calls = {placed(store).pk for _ in range(4)}

    def take(_: int) -> list[Any]:
        taken = receipts.take_due(2)
        connections.close_all()
        return taken

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        ours = receipts.take_due(2)  # and its rows are held until the block ends
        theirs = pool.submit(take, 0).result(timeout=10)

    assert len(ours) == len(theirs) == 2
    assert {*ours, *theirs} == calls


def test_questions_stay_within_their_quota_and_the_others_stay_due(
    store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {placed(store).pk for _ in range(3)}
    monkeypatch.setattr(pacing, "budget", lambda _channel: Budget(2, 600))

    taken = receipts.take_due(10)

    assert len(taken) == 2
    assert set(Delivery.objects.filter(receipt_due_at__lte=Now()).values_list("pk", flat=True)) == calls - {
        *taken
    }


def test_no_more_places_are_taken_than_questions(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for priority in (H, H, M, M):
        placed(store, priority)
    monkeypatch.setattr(pacing, "budget", lambda _channel: Budget(4, 600))

    assert len(receipts.take_due(2)) == 2

    assert [pacing.has_room_for_question(Channel.CALL, H) for _ in range(3)] == [True, True, False]


def test_a_last_question_that_finds_no_place_is_asked_when_there_is_one(
    store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.misbehave(START, "no_answer", times=1)
    call = placed(store, finished_at=Now() - 2 * receipts.ASKED_FOR)
    monkeypatch.setattr(pacing, "has_room_for_question", lambda *_: False)
    assert receipts.take_due(10) == []
    monkeypatch.setattr(pacing, "has_room_for_question", lambda *_: True)

    for pk in receipts.take_due(10):
        receipts.ask(pk)

    assert current(call).state == DeliveryState.UNDELIVERED
    assert Delivery.objects.filter(channel=Channel.SMS).count() == 1


@pytest.fixture
def calls_for_all(clinician: Clinician, aws: Aws) -> None:
    """C-1 is called, whatever the priority."""
    preferences.replace(clinician, {priority: [Channel.CALL, Channel.SMS] for priority in Priority})


def test_a_flood_of_low_does_not_delay_what_follows_a_high_call(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pacing, "budget", lambda _channel: Budget(4, 600))
    flood = {placed(store, L, receipt_due_at=Now() - timedelta(minutes=4)).pk for _ in range(8)}
    assert len(receipts.take_due(50)) == 3
    high = placed(store)

    assert receipts.take_due(50) == [high.pk], "its share was kept, and it is first"
    assert high.pk not in flood


def test_the_more_urgent_are_asked_about_first(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    low = placed(store, L, receipt_due_at=Now() - timedelta(minutes=3))
    medium = placed(store, M, receipt_due_at=Now() - timedelta(minutes=2))
    high = placed(store, receipt_due_at=Now() - timedelta(minutes=1))

    assert [receipts.take_due(1) for _ in range(3)] == [[high.pk], [medium.pk], [low.pk]]


def test_a_call_that_rings_no_more_goes_before_one_that_rings(store: Store, aws: Aws, settings: Any) -> None:
    rung = timedelta(seconds=settings.CONNECT_RING_SECONDS + 1)
    ringing = placed(store, receipt_due_at=Now() - timedelta(seconds=10))
    silent = placed(store, finished_at=Now() - rung, receipt_due_at=Now() - timedelta(seconds=1))

    assert [receipts.take_due(1) for _ in range(2)] == [[silent.pk], [ringing.pk]]


@pytest.mark.parametrize("priority", [M, L])
def test_a_call_that_is_not_urgent_is_asked_about_once_it_must_have_ceased_to_ring(
    store: Store, calls_for_all: None, settings: Any, priority: Priority
) -> None:
    settings.CONNECT_RING_SECONDS = 40
    call = store(priority)

    sending.deliver(call.pk)

    accepted = current(call)
    assert accepted.receipt_due_at is not None
    assert accepted.finished_at is not None
    assert accepted.receipt_due_at - accepted.finished_at == timedelta(seconds=45)


@pytest.fixture
def worker(db: None) -> None:
    """A worker that takes questions was at work a moment ago."""
    WorkerHeartbeat.objects.create(worker="worker@here", kind=WorkerKind.OTHERS)


def test_the_relay_has_workers_ask_and_keeps_the_questions_out_of_the_urgent_queue(
    store: Store, aws: Aws, one_relay: relay.Relay, broker: "redis.Redis", worker: None
) -> None:
    placed(store)

    one_relay.tick()

    assert [broker.llen(queue) for queue in ("urgent", "questions", "normal", "low")] == [0, 1, 0, 0]
    assert b"ask_for_receipt" in bytes(broker.lindex("questions", 0))  # type: ignore[arg-type]


def test_the_relay_asks_by_itself_while_no_worker_is_there_for_questions(
    store: Store, aws: Aws, one_relay: relay.Relay, broker: "redis.Redis"
) -> None:
    WorkerHeartbeat.objects.create(worker="urgent@here", kind=WorkerKind.URGENT)
    call = placed(store)

    one_relay.tick()
    one_relay.close()

    assert broker.llen("questions") == 0
    assert current(call).state == DeliveryState.DELIVERED


def test_a_question_that_redis_lost_is_asked_again(
    store: Store, aws: Aws, one_relay: relay.Relay, broker: "redis.Redis", worker: None
) -> None:
    placed(store)
    one_relay.tick()
    broker.flushall()

    Delivery.objects.update(receipt_due_at=Now())
    one_relay.tick()

    assert broker.llen("questions") == 1


def test_while_the_broker_is_away_the_relay_asks_by_itself(
    store: Store, aws: Aws, one_relay: relay.Relay
) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)

    with broken_broker(f"redis://127.0.0.1:{closed_port()}/0"):
        one_relay.tick()
        wait_until(lambda: current(call).state == DeliveryState.UNDELIVERED, what="the relay asked")
        # The SMS that follows is due; the relay's next ticks send it.
        wait_until(lambda: one_relay.tick() or aws.messages(), what="the relay sent the SMS")
        wait_until(lambda: Attempt.objects.filter(state="accepted").count() == 2, what="and recorded it")

    assert [message["channel"] for message in aws.messages()] == ["sms"]


def test_while_the_broker_is_away_questions_leave_half_of_the_senders_to_sending(
    store: Store, aws: Aws, one_relay: relay.Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {placed(store).pk for _ in range(6)}
    answered, asked = threading.Event(), []

    def ask(pk: Any) -> None:
        asked.append(pk)
        answered.wait(30)

    monkeypatch.setattr(receipts, "ask", ask)
    try:
        with broken_broker(f"redis://127.0.0.1:{closed_port()}/0"):
            for _ in range(3):
                one_relay.tick()
            high = store(H)
            for _ in range(2):  # with the first, the relay finds that the broker is away
                one_relay.tick()
            wait_until(
                lambda: current(high).provider_id, what="the relay sent, though nobody answers questions"
            )
            # What nobody could be asked about is due as it was, and is not put off.
            Delivery.objects.filter(pk__in=asked).update(receipt_due_at=None)
            due = Delivery.objects.filter(pk__in=calls, receipt_due_at__lte=Now())
            assert set(due.values_list("pk", flat=True)) == calls - {*asked}
    finally:
        answered.set()

    assert len(asked) == relay.DIRECT_ASKERS == relay.DIRECT_SENDERS // 2
