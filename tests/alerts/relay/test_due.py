"""What a relay hands over: what is due, how much of it, and again what was lost."""

import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.db.models.functions import Now

from alerts import tasks
from alerts.models import Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.monitoring import report
from alerts.relay import due, loop
from alerts.states import DeliveryState, Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.aws import Aws
from tests.copies import copy
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
LONG = timedelta(seconds=20)
EVERY = due.Which(new=True, again_after=LONG)


@pytest.mark.parametrize("priority", Priority)
def test_a_delivery_no_worker_claimed_is_handed_over_again(priority: Priority, store: Store) -> None:
    long_ago = Now() - due.HAND_OVER_AGAIN[priority] - timedelta(seconds=1)
    delivery = store(priority, handed_over_at=long_ago)

    assert due.take(priority, 10, which=due.InFlight(priority).free) == [delivery.pk]


@pytest.mark.parametrize(
    "fields",
    [
        {"available_at": Now() + timedelta(minutes=1)},
        {"state": DeliveryState.CANCELLED, "finished_at": Now()},
        {
            "state": DeliveryState.SENDING,
            "lease_token": uuid.uuid4(),
            "lease_expires_at": Now() + timedelta(minutes=1),
        },
        {"state": DeliveryState.FAILED, "reason": Reason.REFUSED, "finished_at": Now()},
    ],
    ids=["not yet", "cancelled", "sending", "failed"],
)
def test_a_delivery_not_due_is_not_taken(store: Store, fields: dict[str, Any]) -> None:
    store(Priority.HIGH, **fields)

    assert due.take(Priority.HIGH, 10, which=due.InFlight(Priority.HIGH).free) == []


def test_the_oldest_are_taken_first_and_no_more_than_there_is_room_for(store: Store) -> None:
    newest = store(Priority.LOW, available_at=Now() - timedelta(seconds=1))
    oldest = store(Priority.LOW, available_at=Now() - timedelta(seconds=9))
    middle = store(Priority.LOW, available_at=Now() - timedelta(seconds=5))

    assert set(due.take(Priority.LOW, 2, which=due.InFlight(Priority.LOW).free)) == {oldest.pk, middle.pk}
    assert due.take(Priority.LOW, 0, which=due.InFlight(Priority.LOW).free) == []
    assert due.take(Priority.LOW, 3, which=due.InFlight(Priority.LOW).free) == [newest.pk]


def test_a_relay_looks_without_reading_the_backlog(store: Store) -> None:
    one = store(Priority.LOW)
    sent = {"state": f"'{DeliveryState.SENT}'", "provider_id": "'p'", "finished_at": "now()"}
    copy(one, range(2, 4000), round="n", **sent)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_delivery")
        cursor.execute("EXPLAIN " + due.LOOK)
        plan = str(cursor.fetchall())

    assert "Seq Scan on alerts_delivery" not in plan
    for index in ("delivery_handed_over", "delivery_due", "delivery_leased", "delivery_outcome_due"):
        assert index in plan


def test_that_the_relay_had_to_send_by_itself_is_found(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws
) -> None:
    delivery = store(Priority.HIGH)
    one_relay.tick()
    assert "relays_send_themselves" not in {each.name for each in report.findings() if not each.ok}
    broker.delete("urgent")
    handed_over_long_ago()

    one_relay.tick()

    assert "relays_send_themselves" in {each.name for each in report.findings() if not each.ok}
    wait_until(lambda: Delivery.objects.get(pk=delivery.pk).provider_id, what="the call was placed")


def handed_over_long_ago() -> None:
    """All that was handed over has waited for long."""
    Delivery.objects.filter(handed_over_at__isnull=False).update(handed_over_at=Now() - LONG)


def let_the_queue_stand(monkeypatch: pytest.MonkeyPatch, *, seconds: float) -> None:
    """Let time pass for the relay alone."""
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + seconds)


def test_a_delivery_in_a_queue_that_moves_is_not_lost(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws
) -> None:
    for _ in range(3):
        store(Priority.HIGH)
    one_relay.tick()
    handed_over_long_ago()
    one_relay.tick()
    broker.rpop("urgent")  # a worker has taken it, and is at work

    one_relay.tick()

    assert broker.llen("urgent") == 2
    assert not RelayHeartbeat.objects.filter(sent_itself_at__isnull=False).exists()
    assert aws.messages() == []


@pytest.mark.usefixtures("fresh_counters", "many_calls")
@pytest.mark.parametrize("worked_at", [Now(), None], ids=["at work", "has just begun"])
def test_workers_that_are_only_busy_are_helped_without_an_alarm(
    one_relay: loop.Relay,
    broker: "redis.Redis",
    store: Store,
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
    worked_at: Now | None,
) -> None:
    WorkerHeartbeat.objects.create(worker="urgent@ward", kind=WorkerKind.URGENT, worked_at=worked_at)
    deliveries = [store(Priority.HIGH) for _ in range(loop.DIRECT_SENDERS + 2)]
    one_relay.tick()
    handed_over_long_ago()
    one_relay.tick()
    let_the_queue_stand(monkeypatch, seconds=5)

    one_relay.tick()

    wait_until(lambda: len(aws.messages()) == loop.DIRECT_SENDERS, what="the relay helped")
    assert broker.llen("urgent") == len(deliveries), "nothing was handed over again"
    assert not RelayHeartbeat.objects.filter(sent_itself_at__isnull=False).exists()


@pytest.mark.usefixtures("fresh_counters", "many_calls")
def test_help_of_long_ago_says_nothing_of_workers_that_have_worked_since(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = timedelta(seconds=100)
    WorkerHeartbeat.objects.create(worker="urgent@ward", kind=WorkerKind.URGENT)
    for sent in (1, 2):
        store(Priority.HIGH)
        one_relay.tick()
        broker.delete("urgent")
        handed_over_long_ago()
        one_relay.tick()
        wait_until(lambda: len(aws.messages()) == sent, what="the relay has sent it")  # noqa: B023
        WorkerHeartbeat.objects.update(worked_at=Now() - idle)
        let_the_queue_stand(monkeypatch, seconds=180)

    assert not RelayHeartbeat.objects.filter(sent_itself_at__isnull=False).exists()


def test_workers_that_say_nothing_of_work_are_found(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    WorkerHeartbeat.objects.create(worker="urgent@ward", kind=WorkerKind.URGENT)
    for seconds in (0.0, 13.0):
        let_the_queue_stand(monkeypatch, seconds=seconds)
        store(Priority.HIGH)
        one_relay.tick()
        broker.delete("urgent")
        handed_over_long_ago()
        one_relay.tick()
        assert RelayHeartbeat.objects.filter(sent_itself_at__isnull=False).exists() is bool(seconds)

    wait_until(lambda: len(aws.messages()) == 2, what="the relay has sent both")


def test_a_delivery_handed_over_before_the_oldest_in_the_queue_is_lost(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws
) -> None:
    lost = store(Priority.HIGH)
    one_relay.tick()
    broker.delete("urgent")
    handed_over_long_ago()
    queued = store(Priority.HIGH)
    one_relay._publisher.publish(tasks.deliver, "urgent", [queued.pk])  # noqa: SLF001 - by another relay
    Delivery.objects.filter(pk=queued.pk).update(handed_over_at=Now() - LONG / 2)

    one_relay.tick()

    wait_until(lambda: Delivery.objects.get(pk=lost.pk).provider_id, what="the relay sent it")
    assert Delivery.objects.get(pk=queued.pk).state == DeliveryState.PENDING


def test_high_that_no_worker_claims_is_sent_by_the_relay(
    one_relay: loop.Relay, broker: "redis.Redis", store: Store, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = store(Priority.HIGH)
    one_relay.tick()
    handed_over_long_ago()
    one_relay.tick()
    assert aws.messages() == [], "it may move"
    let_the_queue_stand(monkeypatch, seconds=3)

    one_relay.tick()

    wait_until(lambda: Delivery.objects.get(pk=delivery.pk).provider_id, what="the relay sent it")
    assert broker.llen("urgent") == 1
    assert RelayHeartbeat.objects.filter(sent_itself_at__isnull=False).exists()


def test_a_new_high_does_not_wait_for_all_the_old_ones(store: Store) -> None:
    old = [store(Priority.HIGH, available_at=Now() - timedelta(minutes=10 - number)) for number in range(6)]
    new = store(Priority.HIGH)

    taken = due.take(Priority.HIGH, 4, which=EVERY)

    assert taken == [old[0].pk, old[1].pk, new.pk, old[5].pk]


def test_a_low_waits_for_its_turn(store: Store) -> None:
    old = [store(Priority.LOW, available_at=Now() - timedelta(minutes=10 - number)) for number in range(3)]

    assert due.take(Priority.LOW, 2, which=EVERY) == [old[0].pk, old[1].pk]


def test_the_number_in_flight_follows_the_workers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(due, "MIN_IN_FLIGHT", 2)
    in_flight = due.InFlight(Priority.HIGH)
    allowed = [in_flight.allowed]

    def look() -> None:
        in_flight.look(due.look().waiting[Priority.HIGH], lambda: None)
        allowed.append(in_flight.allowed)

    look()
    in_flight.took(in_flight.room)
    look()  # they emptied a full queue
    in_flight.took(1)
    look()  # it was not full
    waiting = store(Priority.HIGH, handed_over_at=Now() - timedelta(seconds=3))
    look()  # one waits for too long
    look()
    Delivery.objects.filter(pk=waiting.pk).update(handed_over_at=Now())
    look()

    assert allowed == [4, 4, 8, 8, 4, 2, 2]
    assert in_flight.room == 1


@pytest.mark.parametrize("priority", [Priority.MEDIUM, Priority.LOW])
def test_a_full_queue_that_workers_empty_by_and_by_grows(
    store: Store, monkeypatch: pytest.MonkeyPatch, priority: Priority
) -> None:
    monkeypatch.setattr(due, "MIN_IN_FLIGHT", 2)
    for _ in range(8):
        store(priority)
    in_flight = due.InFlight(priority)
    rooms = []

    def look() -> None:
        in_flight.look(due.look().waiting[priority], lambda: None)
        rooms.append(in_flight.room)
        in_flight.took(len(due.take(priority, in_flight.room, which=in_flight.free)))

    look()
    for claimed in (1, 3):
        taken = Delivery.objects.filter(handed_over_at__isnull=False).values("pk")[:claimed]
        Delivery.objects.filter(pk__in=taken).delete()
        look()

    assert rooms == [4, 0, 8]
