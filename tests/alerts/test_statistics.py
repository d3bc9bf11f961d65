"""Statistics of alerts: each counts what it should, in one query."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import DateTimeField, Value
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts import statistics
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Decision, LeaveInDoubt, NextChannel
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import breaker
from alerts.states import AlertState, AlertStatus, Reason
from alerts.statistics import AttentionKind, Period
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import resend
from tests.conftest import make_clinician

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def end(delivery: Delivery, reason: Reason, decision: Decision | None = None) -> Delivery:
    """Let the provider refuse it; nothing follows on its channel."""
    claim = claims.claim(delivery.pk)
    assert claim
    fault = Fault.UNKNOWN if isinstance(decision, LeaveInDoubt) else Fault.REJECTED
    lifecycle.mark_failed(claim, ChannelError(fault, reason), decision or NextChannel(reason))
    return delivery


def send(delivery: Delivery) -> Delivery:
    """Let the provider take it."""
    claim = claims.claim(delivery.pk)
    assert claim
    lifecycle.mark_sent(claim, SendResult("provider-1"))
    return delivery


def found() -> dict[AttentionKind, tuple[int, list[str]]]:
    return {
        each.kind: (each.count, [called for _key, called in each.examples])
        for each in statistics.needing_attention()
    }


def test_nothing_is_wrong_with_an_empty_ledger() -> None:
    assert statistics.needing_attention() == []
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


def test_failed_and_unknown_alerts_are_told_apart(store: Store) -> None:
    failed = end(store(L), Reason.INVALID_ADDRESS)
    unknown = end(store(M), Reason.ANSWER_LOST, LeaveInDoubt(Reason.ANSWER_LOST))

    assert found() == {
        AttentionKind.FAILED: (1, [failed.alert.message_id]),
        AttentionKind.UNKNOWN: (1, [unknown.alert.message_id]),
    }


def test_an_alert_whose_next_channel_is_tried_or_was_taken_needs_no_attention(store: Store) -> None:
    first = end(store(H), Reason.NOT_ANSWERED)
    assert found() == {}

    send(first.alert.deliveries.exclude(pk=first.pk).get())

    assert found() == {}


@pytest.mark.parametrize("state", [AlertState.CLOSED, AlertState.CANCELLED, AlertState.ACKNOWLEDGED])
def test_an_alert_that_was_dealt_with_needs_no_attention(store: Store, state: AlertState) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Alert.objects.update(state=state)

    assert found() == {}


def test_a_resend_that_failed_needs_attention_although_a_provider_took_it_before(store: Store) -> None:
    delivery = send(store(L))
    by = User.objects.create_user("operator")
    end(resend(delivery.alert_id, by=by, after_round=1), Reason.INVALID_ADDRESS)

    assert Alert.objects.needing_attention().count() == 1
    assert found() == {AttentionKind.FAILED: (1, [delivery.alert.message_id])}


def test_a_failed_alert_needs_attention_at_any_age_until_it_is_dealt_with(store: Store) -> None:
    end(store(L), Reason.INVALID_ADDRESS)
    Alert.objects.update(created_at=Now() - timedelta(days=100))

    assert found()[AttentionKind.FAILED][0] == Alert.objects.needing_attention().count() == 1


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


def test_the_newest_are_named_and_the_rest_are_counted(store: Store) -> None:
    ended = [end(store(L), Reason.INVALID_ADDRESS) for _ in range(statistics.EXAMPLES + 2)]

    count, named = found()[AttentionKind.FAILED]

    assert count == len(ended)
    assert named == [each.alert.message_id for each in reversed(ended)][: statistics.EXAMPLES]


@pytest.fixture
def unconfirmed(store: Store) -> Delivery:
    """An e-mail that failed for want of the clinician's confirmation, and that staff have dealt with."""
    delivery = end(store(L), Reason.UNCONFIRMED)
    Alert.objects.update(state=AlertState.CLOSED)
    return delivery


def test_an_unconfirmed_address_is_named_by_its_clinician(unconfirmed: Delivery) -> None:
    assert found() == {AttentionKind.UNCONFIRMED: (1, [unconfirmed.clinician.name])}


def test_each_is_named_once(store: Store, unconfirmed: Delivery) -> None:
    end(store(L), Reason.UNCONFIRMED)
    Alert.objects.update(state=AlertState.CLOSED)

    assert found() == {AttentionKind.UNCONFIRMED: (1, [unconfirmed.clinician.name])}


@pytest.mark.parametrize("change", [{"email": "new@ward.example"}, {"active": False}])
def test_a_problem_settled_on_the_clinicians_page_is_not_named(
    unconfirmed: Delivery, change: dict[str, Any]
) -> None:
    Clinician.objects.update(**change)

    assert found() == {}


def test_a_later_email_that_was_taken_shows_that_it_is_confirmed(store: Store, unconfirmed: Delivery) -> None:
    send(store(L))

    assert found() == {}


def test_needing_attention_is_one_query(store: Store, unconfirmed: Delivery) -> None:
    end(store(L), Reason.INVALID_ADDRESS)

    with CaptureQueriesContext(connection) as queries:
        statistics.needing_attention()

    assert len(queries) == 1


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
