"""What staff do about an alert: once, recorded, and refused in a sentence where it would make no sense."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.test.utils import CaptureQueriesContext

from alerts import actions
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, outcomes
from alerts.deliveries.retry import LeaveInDoubt, NextChannel, Retry
from alerts.models import Alert, AlertAction, Delivery
from alerts.monitoring import metrics
from alerts.states import AlertState, DeliveryState, Reason, StaffAction
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import handle, resend
from tests.faults.consistency import flaws

pytestmark = pytest.mark.django_db

REFUSED = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
LOST = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
UNSENT = ChannelError(Fault.UNSENT, Reason.UNREACHABLE, "EndpointConnectionError")


@pytest.fixture
def operator() -> User:
    """Somebody who may do all of it."""
    return User.objects.create_user("operator", first_name="Olive")


def claim(delivery: Delivery) -> claims.Claim:
    claimed = claims.claim(delivery.pk)
    assert claimed is not None
    return claimed


def fail(delivery: Delivery) -> Alert:
    """Its channel refuses; the alert."""
    lifecycle.mark_failed(claim(delivery), REFUSED, NextChannel(Reason.INVALID_ADDRESS))
    return delivery.alert


def status(alert: Alert) -> str:
    return Alert.objects.with_status().get(pk=alert.pk).status


def in_round(alert: Alert, number: int) -> Delivery:
    return Delivery.objects.get(alert=alert, round=number)


def test_a_resend_starts_another_round_by_the_route_as_it_is_now(
    store: Store, operator: User, clinician: Clinician
) -> None:
    alert = fail(store(Priority.LOW))
    preferences.replace(clinician, {Priority.LOW: [Channel.SMS, Channel.EMAIL]})

    again = resend(alert.pk, by=operator, note="Number corrected")

    assert (again.round, again.channel, again.state) == (2, Channel.SMS, DeliveryState.PENDING)
    assert not again.possible_duplicate
    done = AlertAction.objects.get()
    assert (done.action, done.by, done.round, done.note) == (
        StaffAction.RESEND,
        operator,
        2,
        "Number corrected",
    )
    assert status(alert) == "queued"
    assert flaws() == []


def test_a_second_resend_from_the_same_page_does_nothing(store: Store, operator: User) -> None:
    alert = fail(store(Priority.LOW))
    handle(StaffAction.RESEND, alert.pk, by=operator, after=0)
    fail(in_round(alert, 2))

    with pytest.raises(actions.Overtaken) as overtaken:
        handle(StaffAction.RESEND, alert.pk, by=operator, after=0)

    assert overtaken.value.record == AlertAction.objects.get()

    assert Delivery.objects.count() == 2
    assert AlertAction.objects.count() == 1


@pytest.mark.parametrize("state", ["pending", "sending", "a call that rings"])
def test_an_alert_on_its_way_is_not_sent_again(store: Store, operator: User, state: str) -> None:
    delivery = store(Priority.HIGH)
    held = claim(delivery) if state != "pending" else None
    if held and state == "a call that rings":
        lifecycle.mark_sent(held, SendResult("provider-1"))

    with pytest.raises(actions.ActionRefused, match="already on its way"):
        handle(StaffAction.RESEND, delivery.alert_id, by=operator, after=0)

    assert Delivery.objects.count() == 1
    assert not AlertAction.objects.exists()


def test_an_alert_that_may_have_arrived_is_sent_again_as_a_possible_duplicate(
    store: Store, operator: User
) -> None:
    delivery = store(Priority.MEDIUM)
    lifecycle.mark_sent(claim(delivery), SendResult("provider-1"))

    assert resend(delivery.alert_id, by=operator).possible_duplicate


@pytest.mark.parametrize(
    ("make_unreachable", "said"),
    [
        (lambda _one: Clinician.objects.update(active=False), "marked as inactive. Mark them as active"),
        (lambda one: preferences.replace(one, {Priority.LOW: []}), "Choose a channel"),
        (lambda _one: Clinician.objects.update(email=""), "Enter a number or an address"),
    ],
    ids=["inactive", "no preference", "no address"],
)
def test_nothing_is_sent_to_a_clinician_without_a_channel(
    store: Store,
    operator: User,
    clinician: Clinician,
    make_unreachable: Callable[[Clinician], None],
    said: str,
) -> None:
    alert = fail(store(Priority.LOW))
    make_unreachable(clinician)

    with pytest.raises(actions.ActionRefused, match=said):
        handle(StaffAction.RESEND, alert.pk, by=operator, after=0)


def test_cancelling_stops_waiting_deliveries_and_records_the_user(store: Store, operator: User) -> None:
    delivery = store(Priority.LOW)

    handle(StaffAction.CANCEL, delivery.alert_id, by=operator, after=0)

    assert status(delivery.alert) == "cancelled"
    assert AlertAction.objects.get().action == StaffAction.CANCEL


def test_an_alert_that_has_ended_cannot_be_cancelled(store: Store, operator: User) -> None:
    alert = fail(store(Priority.LOW))

    with pytest.raises(actions.ActionRefused, match="Nothing is waiting to be sent"):
        handle(StaffAction.CANCEL, alert.pk, by=operator, after=0)


def test_an_alert_that_was_dealt_with_is_no_longer_counted(store: Store, operator: User) -> None:
    alert = fail(store(Priority.LOW))
    assert metrics.unreviewed_failures() == 1

    handle(StaffAction.CLOSE, alert.pk, by=operator, after=0, note="Told her in person")

    assert metrics.unreviewed_failures() == 0
    assert status(alert) == "failed"  # the sender has seen this, and it is still true
    assert Alert.objects.get().state == AlertState.CLOSED


@pytest.mark.parametrize("stop", [StaffAction.CANCEL, StaffAction.CLOSE])
@pytest.mark.parametrize(
    ("outcomes", "state", "reason"),
    [
        ([UNSENT], DeliveryState.CANCELLED, ""),
        ([LOST], DeliveryState.UNKNOWN, Reason.ANSWER_LOST),
        ([LOST, UNSENT], DeliveryState.UNKNOWN, Reason.ANSWER_LOST),
    ],
    ids=["not sent", "answer lost", "answer lost, then not sent"],
)
@pytest.mark.parametrize("is_waiting", [True, False], ids=["waiting", "being sent"])
def test_a_stopped_delivery_is_not_tried_again_and_a_doubtful_one_stays_in_doubt(
    store: Store,
    operator: User,
    stop: StaffAction,
    outcomes: list[ChannelError],
    state: DeliveryState,
    reason: str,
    is_waiting: bool,
) -> None:
    delivery = store(Priority.HIGH)
    for outcome in outcomes[:-1]:
        lifecycle.mark_failed(claim(delivery), outcome, Retry(timedelta(0)))
    held = claim(delivery)
    if is_waiting:
        lifecycle.mark_failed(held, outcomes[-1], Retry(timedelta(0)))

    handle(stop, delivery.alert_id, by=operator, after=0)

    if not is_waiting:
        lifecycle.mark_failed(held, outcomes[-1], Retry(timedelta(0)))
    delivery.refresh_from_db()
    assert (delivery.state, delivery.reason) == (state, reason)
    assert claims.claim(delivery.pk) is None
    assert Alert.objects.needing_attention().count() == 0
    assert flaws() == []


@pytest.mark.parametrize("stop", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_stopping_takes_as_many_queries_for_many_channels(
    store: Store, operator: User, stop: StaffAction
) -> None:
    counted = []
    for rounds in (1, 10):
        delivery = store(Priority.LOW)
        for number in range(2, rounds + 1):
            fail(in_round(delivery.alert, number - 1))
            handle(StaffAction.RESEND, delivery.alert_id, by=operator)
        with CaptureQueriesContext(connection) as captured:
            handle(stop, delivery.alert_id, by=operator)
        counted.append(len(captured))

    assert counted[0] == counted[1]


@pytest.mark.parametrize("stop", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_an_old_page_does_not_stop_a_newer_round(store: Store, operator: User, stop: StaffAction) -> None:
    alert = fail(store(Priority.LOW))
    handle(StaffAction.RESEND, alert.pk, by=operator, after=0)

    with pytest.raises(actions.Overtaken):
        handle(stop, alert.pk, by=operator, after=0)

    assert in_round(alert, 2).state == DeliveryState.PENDING
    handle(stop, alert.pk, by=operator)
    assert in_round(alert, 2).state == DeliveryState.CANCELLED


@pytest.mark.parametrize("stop", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_a_delivery_sent_while_it_was_stopped_is_sent(
    store: Store, operator: User, stop: StaffAction
) -> None:
    held = claim(store(Priority.LOW))
    handle(stop, held.delivery.alert_id, by=operator, after=0)
    assert status(held.delivery.alert) == "queued"

    lifecycle.mark_sent(held, SendResult("provider-1"))

    assert status(held.delivery.alert) == "sent"


@pytest.mark.parametrize("is_waiting", [True, False], ids=["waiting", "being sent"])
def test_a_sent_delivery_stays_sent_when_a_later_round_is_cancelled(
    store: Store, operator: User, is_waiting: bool
) -> None:
    delivery = store(Priority.LOW)
    lifecycle.mark_sent(claim(delivery), SendResult("provider-1"))
    again = resend(delivery.alert_id, by=operator)
    held = None if is_waiting else claim(again)

    handle(StaffAction.CANCEL, delivery.alert_id, by=operator)
    if held:
        lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.INVALID_ADDRESS))

    assert status(delivery.alert) == "sent"
    assert flaws() == []


@pytest.mark.parametrize("first", [StaffAction.CANCEL, StaffAction.CLOSE])
def test_an_alert_cancelled_or_dealt_with_allows_no_other_action(
    store: Store, operator: User, first: StaffAction
) -> None:
    alert = store(Priority.LOW).alert
    handle(first, alert.pk, by=operator, after=0)

    for action in set(StaffAction) - {StaffAction.REOPEN, StaffAction.FORWARD}:
        with pytest.raises(actions.ActionRefused, match=r"It has been (cancelled|marked as dealt with)"):
            handle(action, alert.pk, by=operator)
    assert AlertAction.objects.count() == 1


def test_a_delivered_alert_stays_delivered_whatever_a_later_round_comes_to(
    store: Store, operator: User
) -> None:
    delivery = store(Priority.HIGH)
    lifecycle.mark_sent(claim(delivery), SendResult("provider-1"))
    outcomes.mark_delivered(delivery.pk)
    handle(StaffAction.RESEND, delivery.alert_id, by=operator, after=0)
    seen = [status(delivery.alert)]
    for channel in (Channel.CALL, Channel.SMS):
        fail(Delivery.objects.get(round=2, channel=channel))
        seen.append(status(delivery.alert))

    assert seen == ["delivered"] * 3
    assert metrics.unreviewed_failures() == 0


def test_the_newest_round_says_whether_what_a_provider_had_taken_has_failed(
    store: Store, operator: User
) -> None:
    delivery = store(Priority.LOW)
    lifecycle.mark_sent(claim(delivery), SendResult("provider-1"))
    again = resend(delivery.alert_id, by=operator)
    under_way = status(delivery.alert)
    fail(again)

    assert (under_way, status(delivery.alert)) == ("sent", "failed")
    assert metrics.unreviewed_failures() == 1


def test_a_round_that_succeeds_ends_a_failure(store: Store, operator: User) -> None:
    alert = fail(store(Priority.LOW))

    lifecycle.mark_sent(claim(resend(alert.pk, by=operator)), SendResult("provider-2"))

    assert status(alert) == "sent"
    assert metrics.unreviewed_failures() == 0


def test_a_late_answer_to_an_old_round_does_not_send_it_on(
    store: Store, operator: User, clinician: Clinician
) -> None:
    preferences.replace(clinician, {Priority.MEDIUM: [Channel.SMS, Channel.EMAIL]})
    held = claim(store(Priority.MEDIUM))
    lifecycle.mark_failed(held, LOST, LeaveInDoubt(Reason.ANSWER_LOST))
    handle(StaffAction.RESEND, held.delivery.alert_id, by=operator, after=0)

    lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.INVALID_ADDRESS))

    assert [(each.round, each.channel) for each in Delivery.objects.all()] == [(1, "sms"), (2, "sms")]
    assert flaws() == []


def test_a_staff_action_can_be_neither_changed_nor_deleted(store: Store, operator: User) -> None:
    handle(StaffAction.CLOSE, store(Priority.LOW).alert_id, by=operator, after=0)

    for action in (
        lambda: AlertAction.objects.update(note="Never happened"),
        lambda: AlertAction.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            action()
    with pytest.raises(ProtectedError):
        operator.delete()
    assert AlertAction.objects.get().note == ""
