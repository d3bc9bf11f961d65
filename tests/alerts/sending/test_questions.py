"""Who is asked about first, by whom, and how often: questions have a quota, too."""

import threading
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db.models.functions import Now

from alerts.channels import Budget
from alerts.models import Attempt, Delivery, WorkerHeartbeat, WorkerKind
from alerts.relay import loop
from alerts.sending import outcomes, rate_limit, send as sending
from alerts.states import DeliveryState
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store, broken_broker, closed_port
from tests.alerts.factories import current, limit_to, placed
from tests.aws import Aws
from tests.processes import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("fresh_counters", "many_calls"),
]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
START = "connect:StartOutboundVoiceContact"
DESCRIBE = "connect:DescribeContact"


def test_questions_stay_within_their_quota_and_the_others_stay_due(
    store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {placed(store).pk for _ in range(3)}
    limit_to(monkeypatch, Budget(2, 600))

    taken = outcomes.take_due(10)

    assert len(taken) == 2
    assert set(Delivery.objects.filter(outcome_due_at__lte=Now()).values_list("pk", flat=True)) == calls - {
        *taken
    }


def test_no_more_places_are_taken_than_questions(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for priority in (H, H, M, M):
        placed(store, priority)
    limit_to(monkeypatch, Budget(4, 600))

    assert len(outcomes.take_due(2)) == 2

    assert [rate_limit.acquire_for_question(Channel.CALL, H) for _ in range(3)] == [True, True, False]


def test_a_last_question_that_finds_no_place_is_asked_when_there_is_one(
    store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.misbehave(START, "no_answer", times=1)
    call = placed(store, finished_at=Now() - 2 * outcomes.ASKED_FOR)
    monkeypatch.setattr(rate_limit, "acquire_for_question", lambda *_: False)
    assert outcomes.take_due(10) == []
    monkeypatch.setattr(rate_limit, "acquire_for_question", lambda *_: True)

    for pk in outcomes.take_due(10):
        outcomes.ask(pk)

    assert current(call).state == DeliveryState.UNDELIVERED
    assert Delivery.objects.filter(channel=Channel.SMS).count() == 1


@pytest.fixture
def calls_for_all(clinician: Clinician, aws: Aws) -> None:
    """C-1 is called, whatever the priority."""
    preferences.replace(clinician, {priority: [Channel.CALL, Channel.SMS] for priority in Priority})


def test_a_flood_of_low_does_not_delay_what_follows_a_high_call(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_to(monkeypatch, Budget(4, 600))
    flood = {placed(store, L, outcome_due_at=Now() - timedelta(minutes=4)).pk for _ in range(8)}
    assert len(outcomes.take_due(50)) == 3
    high = placed(store)

    assert outcomes.take_due(50) == [high.pk], "its share was kept, and it is first"
    assert high.pk not in flood


def test_the_more_urgent_are_asked_about_first(
    store: Store, calls_for_all: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    low = placed(store, L, outcome_due_at=Now() - timedelta(minutes=3))
    medium = placed(store, M, outcome_due_at=Now() - timedelta(minutes=2))
    high = placed(store, outcome_due_at=Now() - timedelta(minutes=1))

    assert [outcomes.take_due(1) for _ in range(3)] == [[high.pk], [medium.pk], [low.pk]]


def test_a_call_that_rings_no_more_goes_before_one_that_rings(store: Store, aws: Aws, settings: Any) -> None:
    rung = timedelta(seconds=settings.CONNECT_RING_SECONDS + 1)
    ringing = placed(
        store, finished_at=Now() - timedelta(seconds=14), outcome_due_at=Now() - timedelta(seconds=10)
    )
    silent = placed(store, finished_at=Now() - rung, outcome_due_at=Now() - timedelta(seconds=1))

    assert [outcomes.take_due(1) for _ in range(2)] == [[silent.pk], [ringing.pk]]


@pytest.mark.parametrize("priority", [M, L])
def test_a_call_that_is_not_urgent_is_asked_about_once_it_must_have_ceased_to_ring(
    store: Store, calls_for_all: None, settings: Any, priority: Priority
) -> None:
    settings.CONNECT_RING_SECONDS = 40
    call = store(priority)

    sending.deliver(call.pk)

    accepted = current(call)
    assert accepted.outcome_due_at is not None
    assert accepted.finished_at is not None
    assert accepted.outcome_due_at - accepted.finished_at == timedelta(seconds=45)


@pytest.fixture
def worker(db: None) -> None:
    """A worker that takes questions was at work a moment ago."""
    WorkerHeartbeat.objects.create(worker="worker@here", kind=WorkerKind.OTHERS)


def test_the_relay_has_workers_ask_and_keeps_the_questions_out_of_the_urgent_queue(
    store: Store, aws: Aws, one_relay: loop.Relay, broker: "redis.Redis", worker: None
) -> None:
    placed(store)

    one_relay.tick()

    assert [broker.llen(queue) for queue in ("urgent", "questions", "normal", "low")] == [0, 1, 0, 0]
    assert b"ask_outcome" in bytes(broker.lindex("questions", 0))  # type: ignore[arg-type]


def test_the_relay_asks_by_itself_while_no_worker_is_there_for_questions(
    store: Store, aws: Aws, one_relay: loop.Relay, broker: "redis.Redis"
) -> None:
    WorkerHeartbeat.objects.create(worker="urgent@here", kind=WorkerKind.URGENT)
    call = placed(store)

    one_relay.tick()
    one_relay.close()

    assert broker.llen("questions") == 0
    assert current(call).state == DeliveryState.DELIVERED


def test_a_question_that_redis_lost_is_asked_again(
    store: Store, aws: Aws, one_relay: loop.Relay, broker: "redis.Redis", worker: None
) -> None:
    placed(store)
    one_relay.tick()
    broker.flushall()

    Delivery.objects.update(outcome_due_at=Now())
    one_relay.tick()

    assert broker.llen("questions") == 1


def test_while_the_broker_is_away_the_relay_asks_by_itself(
    store: Store, aws: Aws, one_relay: loop.Relay
) -> None:
    aws.misbehave(START, "busy", times=1)
    call = placed(store)

    with broken_broker(f"redis://127.0.0.1:{closed_port()}/0"):
        one_relay.tick()
        wait_until(lambda: current(call).state == DeliveryState.UNDELIVERED, what="the relay asked")
        # The SMS that follows is due; the relay's next ticks send it.
        wait_until(lambda: one_relay.tick() and aws.messages(), what="the relay sent the SMS")
        wait_until(lambda: Attempt.objects.filter(state="sent").count() == 2, what="and recorded it")

    assert [message["channel"] for message in aws.messages()] == ["sms"]


def test_while_the_broker_is_away_questions_leave_half_of_the_senders_to_sending(
    store: Store, aws: Aws, one_relay: loop.Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {placed(store).pk for _ in range(6)}
    answered, asked = threading.Event(), []

    def ask(pk: Any) -> None:
        asked.append(pk)
        answered.wait(30)

    monkeypatch.setattr(outcomes, "ask", ask)
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
            Delivery.objects.filter(pk__in=asked).update(outcome_due_at=None)
            due = Delivery.objects.filter(pk__in=calls, outcome_due_at__lte=Now())
            assert set(due.values_list("pk", flat=True)) == calls - {*asked}
    finally:
        answered.set()

    assert len(asked) == loop.DIRECT_ASKERS == loop.DIRECT_SENDERS // 2
