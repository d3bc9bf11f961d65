"""The table of what follows a failed attempt, row by row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.channels import Fault
from alerts.deliveries.retry import SCHEDULES, LeaveInDoubt, NextChannel, Retry, Situation, decide
from alerts.states import Reason
from contacts.choices import Channel, Priority

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
CALL, SMS, EMAIL = Channel.CALL, Channel.SMS, Channel.EMAIL


def situation(channel: Channel, priority: Priority, fault: Fault, **changes: Any) -> Situation:
    """A first try that failed just now."""
    reason = Reason.ANSWER_LOST if fault is Fault.UNKNOWN else Reason.UNREACHABLE
    given: dict[str, Any] = {
        "reason": reason,
        "number": 1,
        "tries": 1,
        "age": timedelta(seconds=0),
        "doubts": int(fault is Fault.UNKNOWN),
        "lost_workers": 0,
        "is_last": False,
        **changes,
    }
    return Situation(channel=channel, priority=priority, fault=fault, **given)


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("channel", Channel)
def test_a_rejection_goes_to_the_next_channel_for_its_reason(channel: Channel, priority: Priority) -> None:
    now = situation(channel, priority, Fault.REJECTED, reason=Reason.INVALID_ADDRESS)

    assert decide(now) == NextChannel(Reason.INVALID_ADDRESS)


@pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.THROTTLED])
@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("channel", Channel)
def test_an_unsent_delivery_is_tried_again_and_not_marked_as_a_duplicate(
    channel: Channel, priority: Priority, fault: Fault
) -> None:
    decision = decide(situation(channel, priority, fault))

    assert isinstance(decision, Retry)
    assert not decision.possible_duplicate


@pytest.mark.parametrize("priority", Priority)
def test_a_call_whose_answer_was_lost_is_asked_for_again_with_the_same_token(priority: Priority) -> None:
    decision = decide(situation(CALL, priority, Fault.UNKNOWN))

    assert isinstance(decision, Retry)
    assert not decision.possible_duplicate


@pytest.mark.parametrize("channel", [SMS, EMAIL])
def test_a_high_message_whose_answer_was_lost_is_sent_again_and_marked(channel: Channel) -> None:
    decision = decide(situation(channel, H, Fault.UNKNOWN))

    assert isinstance(decision, Retry)
    assert decision.possible_duplicate


@pytest.mark.parametrize("priority", [M, L])
@pytest.mark.parametrize("channel", [SMS, EMAIL])
def test_any_other_message_whose_answer_was_lost_is_left_in_doubt(
    channel: Channel, priority: Priority
) -> None:
    assert decide(situation(channel, priority, Fault.UNKNOWN)) == LeaveInDoubt(Reason.ANSWER_LOST)


@pytest.mark.parametrize("priority", Priority)
def test_the_last_try_goes_to_the_next_channel(priority: Priority) -> None:
    tries = SCHEDULES[priority].tries

    assert decide(situation(SMS, priority, Fault.UNSENT, tries=tries)) == NextChannel(Reason.TRIES_USED_UP)
    assert isinstance(decide(situation(SMS, priority, Fault.UNSENT, tries=tries - 1)), Retry)


@pytest.mark.parametrize("priority", Priority)
def test_throttling_is_never_too_often(priority: Priority) -> None:
    assert isinstance(decide(situation(SMS, priority, Fault.THROTTLED, number=1000, tries=0)), Retry)


@pytest.mark.parametrize("fault", [Fault.UNSENT, Fault.THROTTLED])
@pytest.mark.parametrize("priority", Priority)
def test_age_goes_to_the_next_channel(priority: Priority, fault: Fault) -> None:
    old = SCHEDULES[priority].age

    assert decide(situation(SMS, priority, fault, age=old)) == NextChannel(Reason.TOO_OLD)


@pytest.mark.parametrize("priority", Priority)
def test_a_quota_is_tried_a_few_times_only(priority: Priority) -> None:
    assert isinstance(decide(situation(CALL, priority, Fault.UNSENT, reason=Reason.QUOTA, tries=2)), Retry)
    assert decide(situation(CALL, priority, Fault.UNSENT, reason=Reason.QUOTA, tries=3)) == NextChannel(
        Reason.QUOTA
    )


def test_a_high_call_that_stays_in_doubt_goes_to_the_next_channel() -> None:
    tries = SCHEDULES[H].tries

    expected = NextChannel(Reason.TRIES_USED_UP, in_doubt=True)
    assert decide(situation(CALL, H, Fault.UNKNOWN, tries=tries)) == expected


@pytest.mark.parametrize("fault", [Fault.REJECTED, Fault.UNSENT, Fault.THROTTLED])
@pytest.mark.parametrize("channel", Channel)
def test_a_high_channel_that_was_in_doubt_before_is_followed_by_one_that_is_marked(
    channel: Channel, fault: Fault
) -> None:
    used_up = {"tries": SCHEDULES[H].tries, "age": SCHEDULES[H].age}

    decision = decide(situation(channel, H, fault, doubts=1, **used_up))

    assert isinstance(decision, NextChannel)
    assert decision.in_doubt


@pytest.mark.parametrize("fault", [Fault.REJECTED, Fault.UNSENT, Fault.THROTTLED])
@pytest.mark.parametrize("priority", [M, L])
def test_any_other_channel_that_was_in_doubt_before_is_left_there(priority: Priority, fault: Fault) -> None:
    used_up = {"tries": SCHEDULES[priority].tries, "age": SCHEDULES[priority].age}

    decision = decide(situation(CALL, priority, fault, doubts=1, **used_up))

    assert decision == LeaveInDoubt(Reason.ANSWER_LOST)


@pytest.mark.parametrize("priority", [M, L])
def test_any_other_call_that_stays_in_doubt_is_left_there(priority: Priority) -> None:
    tries = SCHEDULES[priority].tries

    assert decide(situation(CALL, priority, Fault.UNKNOWN, tries=tries)) == LeaveInDoubt(Reason.ANSWER_LOST)


@pytest.mark.parametrize("priority", Priority)
def test_the_wait_is_drawn_from_the_whole_of_a_growing_range(priority: Priority) -> None:
    schedule = SCHEDULES[priority]

    def waits(number: int) -> list[timedelta]:
        decisions = [decide(situation(SMS, priority, Fault.THROTTLED, number=number)) for _ in range(300)]
        return [decision.wait for decision in decisions if isinstance(decision, Retry)]

    first, third = waits(1), waits(3)

    assert max(first) <= schedule.first
    assert min(first) < schedule.first / 5
    assert schedule.first * 2 < max(third) <= schedule.first * 4


@pytest.mark.parametrize("priority", Priority)
def test_no_wait_is_longer_than_the_schedule_allows(priority: Priority) -> None:
    decisions = [decide(situation(SMS, priority, Fault.THROTTLED, number=60)) for _ in range(100)]

    assert all(isinstance(each, Retry) and each.wait <= SCHEDULES[priority].longest for each in decisions)


@pytest.mark.parametrize("priority", Priority)
def test_the_last_channel_is_tried_for_as_long_as_its_time_lasts(priority: Priority) -> None:
    tries, age = SCHEDULES[priority].tries * 10, SCHEDULES[priority].age

    assert isinstance(decide(situation(SMS, priority, Fault.UNSENT, tries=tries, is_last=True)), Retry)
    assert decide(situation(SMS, priority, Fault.UNSENT, tries=tries, age=age, is_last=True)) == NextChannel(
        Reason.TOO_OLD
    )


def test_a_message_that_may_have_arrived_is_not_sent_again_without_end_on_the_last_channel() -> None:
    last = situation(SMS, H, Fault.UNKNOWN, tries=20, is_last=True)
    allowed = SCHEDULES[H].tries

    assert decide(replace(last, doubts=allowed)) == NextChannel(Reason.TRIES_USED_UP, in_doubt=True)
    assert isinstance(decide(replace(last, doubts=allowed - 1)), Retry)


@pytest.mark.parametrize("priority", Priority)
def test_a_call_that_ends_its_worker_each_time_is_not_tried_without_end(priority: Priority) -> None:
    last = situation(CALL, priority, Fault.UNKNOWN, tries=20, doubts=20, is_last=True)
    allowed = SCHEDULES[priority].tries

    assert not isinstance(decide(replace(last, lost_workers=allowed)), Retry)
    assert isinstance(decide(replace(last, lost_workers=allowed - 1)), Retry)
