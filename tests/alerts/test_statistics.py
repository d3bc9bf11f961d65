"""Statistics of alerts: each counts what it should, in one query."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, Value
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts import statistics
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import breaker
from alerts.states import AlertState, AlertStatus, Reason
from alerts.statistics import Period
from contacts.choices import Channel, Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import end, send
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def test_nothing_is_wrong_with_an_empty_ledger() -> None:
    assert statistics.alert_counts(Period.WEEK) == []
    assert statistics.latencies(Period.WEEK) == []


def test_alerts_are_counted_by_priority_and_status(store: Store) -> None:
    send(store(M))
    send(store(M))
    end(store(L), Reason.INVALID_ADDRESS)
    store(H)

    counted = {(each.priority, each.status): each.alerts for each in statistics.alert_counts(Period.DAY)}

    assert counted == {(M, AlertStatus.SENT): 2, (L, AlertStatus.FAILED): 1, (H, AlertStatus.QUEUED): 1}


@pytest.mark.parametrize(("period", "hours"), [(Period.DAY, 24), (Period.WEEK, 7 * 24)])
def test_older_alerts_are_not_counted(store: Store, period: Period, hours: int) -> None:
    store(M)
    Alert.objects.update(created_at=Now() - timedelta(hours=hours, minutes=1))
    store(M)
    Alert.objects.filter(pk=store(M).alert_id).update(created_at=Now() - timedelta(hours=hours - 1))

    assert sum(each.alerts for each in statistics.alert_counts(period)) == 2


def test_the_time_to_the_provider_begins_with_the_alert(store: Store) -> None:
    for seconds in (1, 2, 3, 4, 21):
        delivery = send(store(M))
        Alert.objects.filter(pk=delivery.alert_id).update(created_at=Now() - timedelta(hours=1))
        taken_at = Now() - timedelta(hours=1) + timedelta(seconds=seconds)
        Attempt.objects.filter(delivery=delivery).update(finished_at=taken_at)

    (sms,) = statistics.latencies(Period.DAY)

    assert (sms.channel, sms.messages) == (Channel.SMS, 5)
    assert sms.p50 == pytest.approx(3, abs=0.5)
    assert sms.p95 == pytest.approx(17.6, abs=0.5)


def test_alerts_that_failed_or_were_sent_again_have_no_time_to_send(store: Store) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Delivery.objects.filter(pk=send(store(M)).pk).update(round=2)

    assert statistics.latencies(Period.DAY) == []


def test_alerts_dealt_with_are_counted_apart(store: Store) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Alert.objects.update(state=AlertState.CLOSED)
    end(store(L), Reason.INVALID_ADDRESS)

    counted = [(each.status, each.dealt_with, each.alerts) for each in statistics.alert_counts(Period.DAY)]

    assert sorted(counted) == [(AlertStatus.FAILED, False, 1), (AlertStatus.FAILED, True, 1)]


def test_the_hour_that_the_clocks_repeat_is_counted_as_two(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours = [datetime(2026, 10, 25, hour, tzinfo=UTC) for hour in (0, 1)]  # 01:00 in London, and 01:00 again
    for hour in hours:
        Alert.objects.filter(pk=store(M).alert_id).update(created_at=hour + timedelta(minutes=30))
    noon = Value(datetime(2026, 10, 25, 12, tzinfo=UTC), DateTimeField())
    monkeypatch.setattr(statistics, "Now", lambda: noon)

    counted = [(each.at, each.alerts) for each in statistics.alert_counts(Period.DAY)]

    assert counted == [(hour, 1) for hour in hours]


def test_all_channels_are_asked_after_in_one_query(store: Store) -> None:
    make_clinician("C-2", {M: [Channel.SMS]})
    for contact in ("C-1", "C-2"):
        delivery = store(M, contact, state="failed", reason="unreachable", finished_at=Now())
        for number in range(1, breaker.FAILURES):
            Attempt.objects.create(
                delivery=delivery,
                channel=Channel.SMS,
                number=number,
                state="unsent",
                reason=Reason.UNREACHABLE,
                finished_at=Now(),
            )

    with CaptureQueriesContext(connection) as queries:
        down = breaker.channels_down()

    assert down == [channel for channel in Channel if breaker.is_down(channel)] == [Channel.SMS]
    assert len(queries) == 1
