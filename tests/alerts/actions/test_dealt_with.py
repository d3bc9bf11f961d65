"""“Dealt with” says how, and can be undone."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from alerts import actions
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import Retry
from alerts.models import Alert, AlertAction, Delivery
from alerts.states import NAMES_SOMEBODY, AlertState, DeliveryState, Outcome, Reason, StaffAction
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import LOST, claim, end, handle
from tests.faults.consistency import flaws

pytestmark = pytest.mark.django_db


def close(alert: Alert, by: User, outcome: Outcome | None, told: str = "") -> None:
    given = actions.DealtWith(outcome, told) if outcome else None
    with transaction.atomic():
        actions.act(StaffAction.CLOSE, alert.pk, by=by, dealt_with=given)


@pytest.fixture
def failed(store: Store) -> Alert:
    return end(store(Priority.LOW), Reason.INVALID_ADDRESS).alert


@pytest.mark.parametrize("outcome", Outcome)
def test_it_is_kept_how_it_was_dealt_with_and_who_was_told(
    failed: Alert, ada: User, outcome: Outcome
) -> None:
    close(failed, ada, outcome, "The registrar")

    record = AlertAction.objects.get()
    assert (record.outcome, record.told) == (outcome, "The registrar")


@pytest.mark.parametrize("outcome", [None, *NAMES_SOMEBODY])
def test_without_saying_how_or_whom_it_is_not_dealt_with(
    failed: Alert, ada: User, outcome: Outcome | None
) -> None:
    with pytest.raises(IntegrityError):
        close(failed, ada, outcome)

    assert Alert.objects.get().state == AlertState.OPEN


def test_an_undo_brings_a_failed_alert_back_and_is_recorded(failed: Alert, ada: User) -> None:
    close(failed, ada, Outcome.NOT_NEEDED)
    assert not Alert.objects.needing_attention().exists()

    handle(StaffAction.REOPEN, failed.pk, by=ada)

    assert Alert.objects.needing_attention().get() == failed
    assert [each.action for each in AlertAction.objects.all()] == [StaffAction.CLOSE, StaffAction.REOPEN]


def test_a_second_undo_does_nothing(failed: Alert, ada: User) -> None:
    close(failed, ada, Outcome.NOT_NEEDED)
    handle(StaffAction.REOPEN, failed.pk, by=ada)

    with pytest.raises(actions.ActionRefused, match="It has not been marked as dealt with"):
        handle(StaffAction.REOPEN, failed.pk, by=ada)

    assert AlertAction.objects.count() == 2


def test_a_stopped_delivery_needs_attention_after_an_undo_and_is_not_sent_by_itself(
    store: Store, ada: User
) -> None:
    delivery = store(Priority.LOW)
    close(delivery.alert, ada, Outcome.NOT_NEEDED)
    assert Delivery.objects.get().state == DeliveryState.CANCELLED

    handle(StaffAction.REOPEN, delivery.alert_id, by=ada)

    stopped = Delivery.objects.get()
    assert (stopped.state, stopped.reason) == (DeliveryState.FAILED, Reason.STOPPED)
    assert Alert.objects.needing_attention().get() == delivery.alert
    assert claims.claim(delivery.pk) is None
    assert flaws() == []


def test_a_message_that_may_have_arrived_stays_in_doubt_after_an_undo(store: Store, ada: User) -> None:
    delivery = store(Priority.HIGH)
    lifecycle.mark_failed(claim(delivery), LOST, Retry(timedelta(0)))
    close(delivery.alert, ada, Outcome.NOT_NEEDED)

    handle(StaffAction.REOPEN, delivery.alert_id, by=ada)

    assert Delivery.objects.get().state == DeliveryState.UNKNOWN
    assert Alert.objects.needing_attention().get() == delivery.alert
    assert flaws() == []


def test_a_delivery_that_was_being_sent_goes_on_after_an_undo(store: Store, ada: User) -> None:
    held = claim(store(Priority.LOW))
    close(held.delivery.alert, ada, Outcome.NOT_NEEDED)
    handle(StaffAction.REOPEN, held.delivery.alert_id, by=ada)

    lifecycle.mark_failed(held, LOST, Retry(timedelta(0)))

    assert Delivery.objects.get().state == DeliveryState.PENDING
