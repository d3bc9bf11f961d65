"""Why deliveries wait: each cause is told, since when, and whether that is longer than usual."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Retry
from alerts.models import Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.sending import breaker, delays
from alerts.sending.delays import Cause
from alerts.states import Reason
from contacts.choices import Channel, Priority
from tests.alerts.attempt_outcomes import SENT, UNREACHABLE, Record
from tests.alerts.conftest import Store
from tests.alerts.factories import claim, current, send

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


@pytest.fixture(autouse=True)
def everything_runs() -> None:
    """A relay and a worker that report."""
    RelayHeartbeat.objects.create(relay="relay-1")
    WorkerHeartbeat.objects.create(worker="worker-1", kind=WorkerKind.OTHERS)


def why(delivery: Delivery) -> delays.Delay | None:
    """Why the delivery waits, as it is in the database."""
    return delays.of([current(delivery)]).get(delivery.pk)


def cause_of(delivery: Delivery) -> tuple[Cause, bool] | None:
    found = why(delivery)
    return (found.cause, found.too_long) if found else None


def test_a_delivery_that_is_about_to_be_sent_does_not_wait(store: Store) -> None:
    assert cause_of(store(M)) is None


def test_a_delivery_that_was_sent_asks_the_database_nothing(store: Store) -> None:
    sent = current(send(store(M)))

    with CaptureQueriesContext(connection) as captured:
        assert delays.of([sent]) == {}

    assert len(captured) == 0


@pytest.mark.parametrize("priority", [H, M])
def test_a_delivery_waits_for_a_provider_that_does_not_answer(
    store: Store, record: Record, priority: Priority
) -> None:
    record(Channel.SMS, SENT, *[UNREACHABLE] * 5, ago=240)
    waiting, other = store(priority, channel=Channel.SMS), store(priority, channel=Channel.EMAIL)

    found = why(waiting)

    assert found is not None
    assert (found.cause, found.too_long, found.channel) == (Cause.PROVIDER, True, Channel.SMS)
    assert found.since is not None
    assert timezone.now() - found.since == pytest.approx(timedelta(minutes=4), abs=timedelta(seconds=30))
    assert why(other) is None


def test_an_outage_that_lasts_longer_than_the_breaker_looks_back_has_its_true_beginning(
    record: Record,
) -> None:
    record(Channel.SMS, SENT, ago=7300)
    record(Channel.SMS, UNREACHABLE, ago=7200)
    record(Channel.SMS, *[UNREACHABLE] * 5, ago=10)

    ((channel, silence),) = breaker.silences().items()

    assert channel is Channel.SMS
    assert timezone.now() - silence.since == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=30))
    assert timezone.now() - silence.last_tried == pytest.approx(
        timedelta(seconds=10), abs=timedelta(seconds=30)
    )


def test_an_outage_counts_who_waits_for_it(store: Store, record: Record) -> None:
    assert delays.outages() == []
    record(Channel.SMS, *[UNREACHABLE] * 5)
    store(H, channel=Channel.SMS)
    store(M, channel=Channel.SMS)
    store(M, channel=Channel.EMAIL)

    (outage,) = delays.outages()

    assert (outage.channel, outage.waiting, outage.high) == (Channel.SMS, 2, 1)


def test_without_a_relay_everything_waits(store: Store) -> None:
    delivery = store(H)
    RelayHeartbeat.objects.update(beat_at=Now() - timedelta(minutes=3))

    found = why(delivery)

    assert found is not None
    assert found.cause is Cause.RELAY
    assert found.since == RelayHeartbeat.objects.get().beat_at
    RelayHeartbeat.objects.all().delete()
    assert why(delivery) == delays.Delay(
        Cause.RELAY, Channel.CALL, H, None, delivery.available_at, too_long=True
    )


def test_without_a_worker_all_but_high_wait(store: Store) -> None:
    WorkerHeartbeat.objects.update(kind=WorkerKind.URGENT)

    assert cause_of(store(H)) is None
    assert cause_of(store(M)) == (Cause.WORKER, True)


def test_a_retry_has_its_time(store: Store) -> None:
    delivery = store(M)
    error = ChannelError(Fault.UNSENT, Reason.UNREACHABLE)
    lifecycle.mark_failed(claim(delivery), error, Retry(timedelta(minutes=1)))

    assert cause_of(delivery) == (Cause.RETRY, False)


@pytest.mark.parametrize(("priority", "seconds"), [(H, 31), (M, 301), (L, 3601)])
def test_people_are_told_early_of_what_is_tried_in_vain(
    store: Store, priority: Priority, seconds: int
) -> None:
    delivery = store(priority)
    error = ChannelError(Fault.THROTTLED, Reason.THROTTLED)
    lifecycle.mark_failed(claim(delivery), error, Retry(timedelta(minutes=1)))

    assert cause_of(delivery) == (Cause.RETRY, False)
    Delivery.objects.update(created_at=Now() - timedelta(seconds=seconds))
    assert cause_of(delivery) == (Cause.RETRY, True)


def test_a_delivery_tried_in_vain_is_held_up_while_it_is_tried_once_more(store: Store) -> None:
    delivery = store(M)
    error = ChannelError(Fault.THROTTLED, Reason.THROTTLED)
    lifecycle.mark_failed(claim(delivery), error, Retry(timedelta(0)))
    assert cause_of(delivery) is None
    Delivery.objects.update(created_at=Now() - timedelta(seconds=301))

    assert cause_of(delivery) == (Cause.RETRY, True)
    claim(delivery)
    found = why(delivery)
    assert found is not None
    assert (found.cause, found.too_long) == (Cause.RETRY, True)
    assert found.next.startswith("It is tried again now. ")


def test_a_delivery_over_the_budget_waits_for_its_turn(store: Store) -> None:
    delivery = store(M)
    claims.postpone(delivery.pk, timedelta(seconds=20))

    assert cause_of(delivery) == (Cause.RATE, False)
    Delivery.objects.update(created_at=Now() - timedelta(minutes=1))
    assert cause_of(delivery) == (Cause.RATE, True)


@pytest.mark.parametrize(("priority", "seconds"), [(H, 11), (M, 31), (L, 61)])
def test_a_delivery_that_nobody_takes_waits_in_a_queue_that_does_not_move(
    store: Store, priority: Priority, seconds: int
) -> None:
    delivery = store(priority)
    Delivery.objects.update(available_at=Now() - timedelta(seconds=seconds - 5))
    assert cause_of(delivery) is None

    Delivery.objects.update(available_at=Now() - timedelta(seconds=seconds))

    assert cause_of(delivery) == (Cause.QUEUE, True)


def test_a_delivery_whose_worker_died_waits_to_be_settled(store: Store) -> None:
    delivery = store(M)
    claim(delivery)
    assert cause_of(delivery) is None

    Delivery.objects.update(lease_expires_at=Now() - timedelta(seconds=11))

    assert cause_of(delivery) == (Cause.LOST, True)


def test_a_delivery_from_the_future_says_that_the_clock_was_set_back(store: Store) -> None:
    ahead = Now() + timedelta(hours=1)

    assert cause_of(store(M, created_at=ahead, available_at=ahead)) == (Cause.CLOCK, True)


def test_many_deliveries_cost_two_queries(store: Store) -> None:
    deliveries = [current(store(M)) for _ in range(5)]

    with CaptureQueriesContext(connection) as captured:
        delays.of(deliveries)

    assert len(captured) == 2
