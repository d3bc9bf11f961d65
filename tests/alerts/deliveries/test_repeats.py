"""A channel that a route names again is tried again, after a pause, unless the person was reached."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db.models.functions import Now

from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import lifecycle, opening, outcomes
from alerts.deliveries.retry import LeaveInDoubt, NextChannel, Retry
from alerts.models import Alert, Delivery
from alerts.monitoring import checks
from alerts.sending import clock_correction, send as sending
from alerts.states import DeliveryState, Reason, StaffAction
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.routing import Step
from tests.alerts.conftest import Store
from tests.alerts.factories import REJECTED, claim, handle, let_lease_run_out, send as take

pytestmark = pytest.mark.django_db

CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


@pytest.fixture
def high(store: Store, clinician: Clinician) -> Any:
    """Take a High alert for C-1 over these channels; its first delivery."""

    def take_alert(*channels: Channel) -> Delivery:
        preferences.replace(clinician, {Priority.HIGH: channels})
        return store(Priority.HIGH)

    return take_alert


def not_answered(call: Delivery) -> None:
    """It rings, and nobody answers."""
    Delivery.objects.filter(pk=call.pk).update(available_at=Now())
    take(call)
    outcomes.mark_undelivered(call.pk, Reason.NOT_ANSWERED)


def newest() -> Delivery:
    return Delivery.objects.latest("position")


def ends() -> list[tuple[int, str, str]]:
    return list(Delivery.objects.order_by("position").values_list("position", "channel", "state"))


def pause_of(delivery: Delivery) -> timedelta:
    """How long after it was made it is due."""
    found = Delivery.objects.get(pk=delivery.pk)
    return found.available_at - found.created_at


def test_a_call_that_nobody_answers_rings_again_after_a_pause(high: Any) -> None:
    not_answered(high(CALL, CALL))

    assert ends() == [(1, "call", "undelivered"), (2, "call", "pending")]
    missed_at = Delivery.objects.get(position=1).outcome_at
    assert missed_at
    assert newest().begins_at == newest().available_at == missed_at + timedelta(seconds=60)
    assert not newest().possible_duplicate


def test_up_to_the_last_time_and_then_the_alert_has_failed(
    high: Any, caplog: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Any
) -> None:
    not_answered(high(CALL, CALL, CALL))
    not_answered(newest())
    with django_capture_on_commit_callbacks(execute=True):
        not_answered(newest())

    assert ends() == [(number, "call", "undelivered") for number in (1, 2, 3)]
    assert Alert.objects.needing_attention().exists()
    assert "alert.failed" in str([record.msg for record in caplog.records])


def test_it_rings_again_though_an_sms_was_taken_meanwhile(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    assert ends() == [(1, "call", "undelivered"), (2, "sms", "pending")]
    assert newest().begins_at is None

    take(newest())

    assert ends() == [(1, "call", "undelivered"), (2, "sms", "sent"), (3, "call", "pending")]
    call = Delivery.objects.get(position=1)
    assert call.outcome_at
    assert newest().begins_at == call.outcome_at + settings.REPEAT_AFTER
    assert Alert.objects.with_status().get().status == "sent"

    not_answered(newest())
    assert Alert.objects.with_status().get().status == "sent"
    assert Delivery.objects.count() == 3


def test_it_rings_again_at_once_where_the_pause_is_over(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    Delivery.objects.filter(position=1).update(outcome_at=Now() - timedelta(minutes=5))

    take(newest())

    assert pause_of(newest()) == timedelta()


def test_a_call_that_is_picked_up_is_not_repeated(high: Any) -> None:
    first = high(CALL, CALL)
    take(first)
    outcomes.mark_delivered(first.pk)

    assert ends() == [(1, "call", "delivered")]


def test_a_message_that_was_taken_is_not_repeated_and_what_would_follow_its_failure_stays_away(
    high: Any,
) -> None:
    take(high(SMS, CALL, SMS))

    assert ends() == [(1, "sms", "sent")]


def test_after_a_message_was_taken_only_what_was_missed_is_tried_again(high: Any) -> None:
    not_answered(high(CALL, SMS, EMAIL, CALL))
    take(newest())
    assert ends()[2:] == [(3, "call", "pending")]

    not_answered(newest())
    assert Delivery.objects.count() == 3


def test_a_failed_channel_is_followed_in_order_and_then_a_call_is_repeated(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    lifecycle.mark_failed(claim(newest()), REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    assert ends() == [(1, "call", "undelivered"), (2, "sms", "failed"), (3, "call", "pending")]
    assert newest().begins_at is not None


def test_an_address_that_does_not_work_is_not_repeated(high: Any) -> None:
    lifecycle.mark_failed(claim(high(CALL, SMS, CALL)), REJECTED, NextChannel(Reason.INVALID_ADDRESS))
    take(newest())

    assert ends() == [(1, "call", "failed"), (2, "sms", "sent")]


def test_a_doubt_stays_on_what_follows(high: Any) -> None:
    decision = NextChannel(Reason.TRIES_USED_UP, in_doubt=True)
    lost = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST)
    lifecycle.mark_failed(claim(high(CALL, CALL)), lost, decision)

    assert ends() == [(1, "call", "unknown"), (2, "call", "pending")]
    assert newest().possible_duplicate


def test_each_ring_has_its_own_token_and_a_retry_keeps_it(high: Any) -> None:
    first = high(CALL, CALL)
    lifecycle.mark_failed(claim(first), ChannelError(Fault.UNSENT, Reason.UNREACHABLE), Retry(timedelta()))
    again = claim(first)
    assert sending._message(again, 0.0).delivery_id == str(first.pk)  # noqa: SLF001
    lifecycle.mark_sent(again, SendResult("c-1"))
    outcomes.mark_undelivered(first.pk, Reason.BUSY)

    assert newest().pk != first.pk


def test_an_answer_that_comes_late_rings_again_too(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    sms = claim(newest())
    let_lease_run_out(newest())
    sending.recover_expired()
    assert ends()[1:] == [(2, "sms", "pending")]

    assert not lifecycle.mark_sent(sms, SendResult("m-1"))

    assert ends()[1:] == [(2, "sms", "sent"), (3, "call", "pending")]


def test_a_repeat_after_a_late_answer_keeps_the_doubt_that_came_meanwhile(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    first = claim(newest())
    let_lease_run_out(newest())
    sending.recover_expired()
    Delivery.objects.update(available_at=Now())
    sending.settle(claim(newest()), ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST))

    lifecycle.mark_sent(first, SendResult("m-1"))

    assert ends()[1:] == [(2, "sms", "sent"), (3, "call", "pending")]
    marks = Delivery.objects.order_by("position").values_list("possible_duplicate", flat=True)
    assert list(marks) == [False, True, True]


def test_a_doubt_that_ends_a_medium_alert_rings_nobody(store: Store, clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.MEDIUM: [CALL, SMS, CALL]})
    not_answered(store(Priority.MEDIUM))
    lost = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST)

    lifecycle.mark_failed(claim(newest()), lost, LeaveInDoubt(Reason.ANSWER_LOST))

    assert ends()[1:] == [(2, "sms", "unknown")]


def test_staff_stop_a_ring_that_is_to_come(high: Any) -> None:
    not_answered(high(CALL, CALL))
    by = User.objects.create_user("operator")

    handle(StaffAction.CANCEL, newest().alert_id, by=by)

    assert ends()[1:] == [(2, "call", "cancelled")]


def test_a_closed_alert_rings_nobody_again(high: Any) -> None:
    not_answered(high(CALL, SMS, CALL))
    sms = claim(newest())
    handle(StaffAction.CLOSE, sms.delivery.alert_id, by=User.objects.create_user("operator"))

    lifecycle.mark_sent(sms, SendResult("m-1"))

    assert Delivery.objects.count() == 2


def test_a_newer_round_starts_again(high: Any) -> None:
    not_answered(high(CALL, CALL))
    not_answered(newest())
    by = User.objects.create_user("operator")

    handle(StaffAction.RESEND, newest().alert_id, by=by)

    assert list(Delivery.objects.filter(round=2).values_list("position", "channel", "state")) == [
        (1, "call", "pending")
    ]


def test_a_route_that_changed_meanwhile_uses_up_what_was_tried(high: Any, clinician: Clinician) -> None:
    first = high(CALL, SMS, CALL)
    preferences.replace(clinician, {Priority.HIGH: [EMAIL, CALL]})

    not_answered(first)

    assert ends() == [(1, "call", "undelivered"), (2, "email", "pending")]


def test_a_pause_is_not_a_delay(high: Any) -> None:
    not_answered(high(CALL, CALL))
    Delivery.objects.update(created_at=Now() - timedelta(minutes=10))

    assert checks.waiting_seconds()[Priority.HIGH] == 0

    ago = Now() - timedelta(minutes=3)
    Delivery.objects.filter(state=DeliveryState.PENDING).update(begins_at=ago, available_at=ago)
    assert checks.waiting_seconds()[Priority.HIGH] == pytest.approx(180, abs=20)


def test_a_pause_does_not_look_like_a_clock_that_was_set_back(high: Any) -> None:
    not_answered(high(CALL, CALL))

    assert clock_correction.correct() == 0

    ahead = Now() + timedelta(hours=1)
    Delivery.objects.filter(state=DeliveryState.PENDING).update(begins_at=ahead, available_at=ahead)
    assert clock_correction.correct() == 1
    assert newest().begins_at == newest().available_at
    assert pause_of(newest()) < timedelta(minutes=1)


def test_the_same_place_is_not_taken_twice(high: Any) -> None:
    first = high(CALL, CALL)

    with pytest.raises(Exception, match="delivery_once_per_position"):
        opening.open_delivery(first.alert, Step(CALL, "+447700900001"))
