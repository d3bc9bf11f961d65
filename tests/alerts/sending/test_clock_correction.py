"""The database's clock was set back: what it had dated before is sent nevertheless, and nothing is sent twice.

To the code it is the same whether the clock goes back or the rows go ahead.
"""

import random
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import redis
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle, retry
from alerts.deliveries.retry import SCHEDULES, Retry
from alerts.models import Alert, Attempt, Delivery
from alerts.relay import due, loop
from alerts.sending import breaker, clock_correction, outcomes, send as sending
from alerts.states import DeliveryState
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import THROTTLED, claim, current, placed
from tests.aws import Aws
from tests.copies import copy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters", "many_calls")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
TEN_MINUTES = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
DATES: dict[Any, tuple[str, ...]] = {
    Alert: ("created_at",),
    Attempt: ("started_at", "finished_at"),
    Delivery: (
        "available_at", "handed_over_at", "outcome_due_at", "outcome_at", "lease_expires_at", "created_at",
        "finished_at",
    ),
}  # fmt: skip


def set_back(by: timedelta = TEN_MINUTES) -> None:
    """The database's clock, for all that is stored."""
    for model, dates in DATES.items():
        model.objects.update(**{date: F(date) + by for date in dates})


def take(priority: Priority, most: int) -> list[uuid.UUID]:
    """Hand over what may be."""
    return due.take(priority, most, which=due.InFlight(priority).free)


@pytest.mark.parametrize("priority", Priority)
def test_a_delivery_that_was_due_is_due_again(store: Store, priority: Priority) -> None:
    delivery = store(priority)
    set_back()
    assert take(priority, 10) == []

    assert clock_correction.correct() == 1

    assert take(priority, 10) == [delivery.pk]


@pytest.mark.parametrize("priority", Priority)
def test_a_retry_waits_no_longer_than_anything_of_its_priority(store: Store, priority: Priority) -> None:
    claimed = claim(store(priority))
    lifecycle.mark_failed(claimed, THROTTLED, Retry(SCHEDULES[priority].longest))
    set_back()

    clock_correction.correct()

    left = current(claimed.delivery).available_at - Attempt.objects.get().started_at + TEN_MINUTES
    assert left <= clock_correction.LONGEST_WAIT[priority] + clock_correction.TOLERANCE


def test_a_delivery_that_was_handed_over_is_handed_over_again(store: Store) -> None:
    delivery = store(H)
    take(H, 1)
    Delivery.objects.update(handed_over_at=Now() + TEN_MINUTES)
    assert take(H, 1) == []

    clock_correction.correct()

    assert take(H, 1) == [delivery.pk]


def test_new_alerts_are_sent_at_once(store: Store, aws: Aws) -> None:
    store(H)
    set_back()

    sending.deliver(store(H).pk)

    assert [message["channel"] for message in aws.messages()] == ["call"]


def test_the_relay_hands_it_over_in_its_next_round(
    transactional_db: None, one_relay: loop.Relay, broker: "redis.Redis", store: Store
) -> None:
    for priority in Priority:
        store(priority)
    set_back()

    one_relay.tick()

    assert [broker.llen(queue) for queue in ("urgent", "normal", "low")] == [1, 1, 1]


def test_a_worker_that_is_sending_keeps_its_lease_and_records_its_answer(store: Store) -> None:
    claimed = claim(store(M))
    set_back()

    clock_correction.correct()

    assert sending.recover_expired() == 0
    assert lifecycle.mark_sent(claimed, SendResult("provider-1"))
    assert current(claimed.delivery).state == DeliveryState.SENT


def test_a_dead_workers_delivery_is_recovered_after_one_lease_and_not_before(
    store: Store, settings: Settings
) -> None:
    claimed = claim(store(M))
    set_back()
    clock_correction.correct()
    assert clock_correction.correct() == 0, "the lease would never run out"

    set_back(SECOND - settings.LEASE)
    assert sending.recover_expired() == 0

    set_back(-2 * SECOND)
    assert sending.recover_expired() == 1
    assert current(claimed.delivery).state == DeliveryState.UNKNOWN


def test_a_long_lease_that_no_clock_explains_is_left_alone(store: Store) -> None:
    delivery = claim(store(M)).delivery
    Delivery.objects.update(lease_expires_at=Now() + TEN_MINUTES)
    before = current(delivery).lease_expires_at

    assert clock_correction.correct() == 0

    assert current(delivery).lease_expires_at == before


def test_calls_are_followed_up(store: Store, aws: Aws) -> None:
    call = placed(store)
    set_back()
    assert outcomes.take_due(10) == []

    clock_correction.correct()

    assert outcomes.take_due(10) == [call.pk]


def test_dates_that_bleep_sets_are_left_alone_for_one_query(store: Store, aws: Aws) -> None:
    for priority in Priority:
        claims.postpone(store(priority).pk, retry.LONGEST_HOLD[priority])
        again = claim(store(priority))
        lifecycle.mark_failed(again, THROTTLED, Retry(SCHEDULES[priority].longest))
        store(priority)
        take(priority, 1)
    claim(store(M))
    sending.deliver(store(H).pk)

    with CaptureQueriesContext(connection) as captured:
        assert clock_correction.correct() == 0

    assert len(captured) == 1


def test_a_delivery_that_somebody_is_changing_is_not_waited_for(transactional_db: None, store: Store) -> None:
    held, free = store(M), store(M)
    set_back()
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT FROM alerts_delivery WHERE id = %s FOR UPDATE", [held.pk])

        assert clock_correction.correct() == 1

    assert take(M, 10) == [free.pk]
    assert clock_correction.correct() == 1


def test_a_long_backlog_is_not_read(store: Store) -> None:
    copy(store(L), range(2, 5000), round="n")
    with CaptureQueriesContext(connection) as captured:
        clock_correction.correct()

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_delivery")
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = str(cursor.fetchall())
    assert "Seq Scan on alerts_delivery" not in plan
    for index in ("delivery_due", "delivery_handed_over", "delivery_outcome_due", "delivery_leased"):
        assert index in plan


@pytest.mark.parametrize("priority", Priority)
def test_the_breaker_never_waits_for_longer(priority: Priority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda _least, most: most)

    assert breaker.wait(priority) <= retry.LONGEST_HOLD[priority]
