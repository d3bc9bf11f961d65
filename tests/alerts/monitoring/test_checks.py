"""Health checks of alerts and deliveries: each finds what is so, and not what is not."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import SCHEDULES, Retry
from alerts.models import Alert, Attempt, Delivery
from alerts.monitoring import checks, report
from alerts.sending import clock_correction
from alerts.states import Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.monitoring.findings import wrong
from tests.copies import copy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_relay")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
SECOND = timedelta(seconds=1)
DUE = {H: "oldest_due_seconds_high", M: "oldest_due_seconds_medium", L: "oldest_due_seconds_low"}
REFUSED = ChannelError(Fault.REJECTED, Reason.REFUSED)
THROTTLED = ChannelError(Fault.THROTTLED, Reason.THROTTLED)


def long_ago(priority: Priority) -> Any:
    """Just longer than a delivery of the priority may wait."""
    return Now() - checks.OBJECTIVE[priority] - SECOND


def test_all_is_well_with_nothing_to_do() -> None:
    assert wrong() == []


@pytest.mark.parametrize("priority", Priority)
def test_a_delivery_may_wait_for_its_objective(store: Store, priority: Priority) -> None:
    just_in_time = Now() - checks.OBJECTIVE[priority] + timedelta(seconds=20)
    store(priority, available_at=just_in_time, created_at=just_in_time)

    assert wrong() == []


@pytest.mark.parametrize("priority", Priority)
def test_one_that_waits_longer_is_found(store: Store, priority: Priority) -> None:
    store(priority)
    store(priority, available_at=long_ago(priority), created_at=long_ago(priority))

    assert wrong() == [DUE[priority]]


@pytest.mark.parametrize("priority", Priority)
def test_putting_a_delivery_off_again_and_again_does_not_hide_it(store: Store, priority: Priority) -> None:
    delivery = store(priority, created_at=long_ago(priority))

    claims.postpone(delivery.pk, timedelta(minutes=1))

    assert wrong() == [DUE[priority]]


@pytest.mark.parametrize("priority", Priority)
def test_one_that_was_tried_a_moment_ago_is_on_its_way(store: Store, priority: Priority) -> None:
    delivery = store(priority, created_at=Now() - timedelta(days=1))
    claimed = claims.claim(delivery.pk)
    assert claimed
    lifecycle.mark_failed(claimed, THROTTLED, Retry(SCHEDULES[priority].longest))

    assert wrong() == []

    Attempt.objects.update(finished_at=long_ago(priority))
    assert wrong() == [DUE[priority]]


def test_a_backlog_that_was_never_tried_is_not_looked_up_among_the_attempts(store: Store) -> None:
    store(L)
    with CaptureQueriesContext(connection) as captured:
        checks.waiting_seconds()

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE) " + captured[0]["sql"])
        plan = [line for (line,) in cursor.fetchall()]
    assert any("never executed" in line and "alerts_attempt" in line for line in plan), plan


@pytest.mark.parametrize("state", ["sending", "sent", "failed", "cancelled"])
def test_a_delivery_that_is_not_waiting_is_not_late(store: Store, state: str) -> None:
    lease = {"lease_token": uuid.uuid4(), "lease_expires_at": Now() + timedelta(minutes=1)}
    ended = {"finished_at": Now(), "reason": Reason.REFUSED, "provider_id": "p"}
    more: dict[str, Any] = lease if state == "sending" else ended
    store(H, state=state, available_at=long_ago(H), created_at=long_ago(H), **more)

    assert wrong() == []


def test_a_lease_that_nobody_recovers_is_found(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    Delivery.objects.update(lease_expires_at=Now() - checks.LEASE_OVERRUN + timedelta(seconds=20))
    assert wrong() == []

    Delivery.objects.update(lease_expires_at=Now() - checks.LEASE_OVERRUN - SECOND)
    assert wrong() == ["expired_leases"]


def test_an_alert_without_a_delivery_is_found(store: Store) -> None:
    store(H)
    Delivery.objects.all().delete()

    assert wrong() == ["alerts_without_delivery"]


AHEAD = Now() + clock_correction.TOLERANCE + SECOND


def test_rows_from_the_future_are_found(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    store(L, handed_over_at=Now() + clock_correction.TOLERANCE)
    Alert.objects.update(created_at=Now() + clock_correction.TOLERANCE)
    Attempt.objects.update(started_at=Now() + clock_correction.TOLERANCE)
    assert wrong() == [], "the statement that looks may have begun before"

    Alert.objects.update(created_at=AHEAD)
    assert wrong() == ["rows_from_the_future"]


def test_attempts_from_the_future_are_found(store: Store) -> None:
    assert claims.claim(store(H).pk)

    Attempt.objects.update(started_at=AHEAD)

    assert wrong() == ["rows_from_the_future"]


def test_deliveries_handed_over_in_the_future_are_found(store: Store) -> None:
    store(H, handed_over_at=AHEAD)

    assert wrong() == ["rows_from_the_future"]


def test_a_delivery_that_waits_for_a_retry_is_not_from_the_future(store: Store) -> None:
    store(L, available_at=Now() + timedelta(minutes=10))

    assert wrong() == []


def test_the_past_is_not_read_for_rows_from_the_future(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COUNTED", 2)
    one = store(L)
    sent = Attempt.objects.create(
        delivery=one, channel="sms", number=0, state="sent", provider_id="p", finished_at=Now()
    )
    copy(one.alert, range(3000), message_id="n::text")
    copy(sent, range(1, 3000), number="n")
    with CaptureQueriesContext(connection) as captured:
        assert checks._rows_from_the_future()[0].value == 0  # noqa: SLF001 - what it costs shows nowhere else

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_alert, alerts_attempt, alerts_delivery")
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = str(cursor.fetchall())
    assert "alert_newest" in plan
    assert "attempt_newest_of_channel" in plan
    Alert.objects.update(created_at=AHEAD)
    assert checks._rows_from_the_future()[0].value == 2, "and no further than it matters"  # noqa: SLF001


def test_every_finding_says_what_to_do() -> None:
    sentences = [finding.sentence for finding in report.findings()]

    assert len(set(sentences)) == len(sentences) == 16
    assert all(sentence.endswith((".", "?")) for sentence in sentences)
