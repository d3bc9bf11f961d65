"""Failed alerts and recent deliveries, as metrics count them."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery
from alerts.monitoring import checks, metrics
from alerts.states import DeliveryState, Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.monitoring.findings import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_relay")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
SECOND = timedelta(seconds=1)
REFUSED = ChannelError(Fault.REJECTED, Reason.REFUSED)


def failed(store: Store) -> Alert:
    """An alert that nothing can reach any more."""
    claimed = claims.claim(store(L).pk)
    assert claimed
    lifecycle.mark_failed(claimed, REFUSED, NextChannel(Reason.REFUSED))
    return claimed.delivery.alert


def test_failed_alerts_are_counted_until_somebody_has_dealt_with_them(store: Store) -> None:
    first, second = failed(store), failed(store)
    assert metrics.unreviewed_failures() == 2
    assert wrong() == [], "the system did what it could"

    Alert.objects.filter(pk=first.pk).update(state="closed")
    Alert.objects.filter(pk=second.pk).update(state="acknowledged")
    assert metrics.unreviewed_failures() == 0


@pytest.mark.parametrize(
    ("state", "reason"), [("failed", "refused"), ("unknown", "answer_lost"), ("undelivered", "busy")]
)
def test_every_bad_end_is_a_failure(store: Store, state: str, reason: str) -> None:
    store(H, state=state, reason=reason, finished_at=Now())

    assert metrics.unreviewed_failures() == 1


def test_an_alert_whose_next_channel_is_on_its_way_has_not_failed(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    lifecycle.mark_failed(claimed, REFUSED, NextChannel(Reason.REFUSED))
    assert metrics.unreviewed_failures() == 0

    claimed = claims.claim(Delivery.objects.get(state=DeliveryState.PENDING).pk)
    assert claimed
    lifecycle.mark_sent(claimed, SendResult("p"))
    assert metrics.unreviewed_failures() == 0


def test_deliveries_of_recent_alerts_are_counted_by_channel_and_state(store: Store) -> None:
    store(H)
    store(H)
    store(M, state="failed", reason="refused", finished_at=Now())
    Alert.objects.filter(pk=store(L).alert_id).update(created_at=Now() - checks.RECENTLY - SECOND)

    assert metrics.messages_by_state() == {("call", "pending", False): 2, ("sms", "failed", False): 1}
