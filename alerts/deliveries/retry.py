"""What follows a failed attempt: retry, go on to the next channel, or leave it in doubt.

Pure: no database, no clock. Read the whole table here; the tests go through it row by row. What follows an outcome
(busy, not answered) is in `outcomes.mark_undelivered`.
"""

import random
from dataclasses import dataclass
from datetime import timedelta

from alerts.channels import ADAPTERS, Fault
from alerts.states import Reason
from contacts.choices import Channel, Priority


@dataclass(frozen=True)
class Schedule:
    """How a priority is retried. The wait after attempt n is random, from 0 to `first` × 2ⁿ⁻¹, at most `longest`."""

    first: timedelta
    longest: timedelta
    tries: int
    """Throttled attempts do not count."""
    age: timedelta
    """Counted from the first attempt."""


SCHEDULES: dict[Priority, Schedule] = {
    Priority.HIGH: Schedule(timedelta(seconds=1), timedelta(seconds=10), tries=5, age=timedelta(minutes=5)),
    Priority.MEDIUM: Schedule(timedelta(seconds=5), timedelta(minutes=2), tries=6, age=timedelta(hours=1)),
    Priority.LOW: Schedule(timedelta(seconds=30), timedelta(minutes=10), tries=8, age=timedelta(hours=12)),
}
LONGEST_HOLD: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=10),
    Priority.MEDIUM: timedelta(minutes=2),
    Priority.LOW: timedelta(minutes=2),
}
"""The longest that a delivery over its channel's budget is postponed at a time."""
MAX_DOUBLINGS = 20
"""Enough to reach any `longest`, and small enough for a timedelta."""
QUOTA_TRIES = 3
"""A quota may clear in a moment or in days. After a few tries the next channel is the better bet."""


@dataclass(frozen=True)
class Retry:
    """Try the same channel again after `wait`."""

    wait: timedelta
    possible_duplicate: bool = False


@dataclass(frozen=True)
class NextChannel:
    """Give this channel up for `reason` and go on to the next one at once."""

    reason: Reason
    in_doubt: bool = False
    """It may have arrived, so what follows is marked as a possible duplicate."""


@dataclass(frozen=True)
class LeaveInDoubt:
    """Neither retry nor go on. Staff see that nobody knows."""

    reason: Reason


Decision = Retry | NextChannel | LeaveInDoubt


@dataclass(frozen=True)
class Situation:
    """Everything a decision depends on."""

    channel: Channel
    priority: Priority
    fault: Fault
    reason: Reason
    number: int
    """Attempts so far, including this one."""
    tries: int
    """Attempts that count towards the cap."""
    age: timedelta
    """Since the first attempt. Waiting before that does not count."""
    doubts: int
    """Attempts that may have arrived, including this one."""
    lost_workers: int
    """Attempts during which a worker died, including this one."""
    is_last: bool
    """No other channel is left. Then time decides, and only tries that may do harm count."""


def decide(now: Situation) -> Decision:
    """The next step. `_after_lost_answer` is the ambiguity rule; `give_up` applies it to earlier doubts."""
    decision = _next_step(now)
    if isinstance(decision, NextChannel):
        return give_up(now.priority, decision.reason, in_doubt=now.doubts > 0)
    return decision


def give_up(priority: Priority, reason: Reason, *, in_doubt: bool) -> NextChannel | LeaveInDoubt:
    """What follows a channel that is given up. If it may have arrived, only High gets a second channel."""
    if in_doubt and priority is not Priority.HIGH:
        return LeaveInDoubt(Reason.ANSWER_LOST)
    return NextChannel(reason, in_doubt=in_doubt)


def _next_step(now: Situation) -> Decision:
    match now.fault:
        case Fault.REJECTED:
            return NextChannel(now.reason)
        case Fault.UNKNOWN:
            return _after_lost_answer(now)
        case Fault.THROTTLED | Fault.UNSENT:
            return _again_or_next(now)


def _after_lost_answer(now: Situation) -> Decision:
    """A call is safe to repeat, because Connect recognises repeats. A High SMS or e-mail is sent again and marked: a
    missed page is worse than two. Medium and Low are not sent again, and staff see the doubt.
    """
    if ADAPTERS[now.channel].recognises_repeats:
        return _again_or_next(now)
    if now.priority is Priority.HIGH:
        return _again_or_next(now, possible_duplicate=True)
    return LeaveInDoubt(now.reason)


def _again_or_next(now: Situation, *, possible_duplicate: bool = False) -> Decision:
    schedule = SCHEDULES[now.priority]
    if now.fault is not Fault.THROTTLED and _has_used_up_its_tries(now, schedule):
        return NextChannel(Reason.QUOTA if now.reason is Reason.QUOTA else Reason.TRIES_USED_UP)
    wait = _jittered(schedule, now.number)
    if now.age + wait > schedule.age:
        return NextChannel(Reason.TOO_OLD)
    return Retry(wait, possible_duplicate)


def _has_used_up_its_tries(now: Situation, schedule: Schedule) -> bool:
    if not now.is_last:
        return now.tries >= (QUOTA_TRIES if now.reason is Reason.QUOTA else schedule.tries)
    # Giving up the last channel early helps nobody. But each doubt may be one more message, and each lost worker takes
    # other messages down with it.
    harmful = now.lost_workers if ADAPTERS[now.channel].recognises_repeats else now.doubts
    return harmful >= schedule.tries


def _jittered(schedule: Schedule, number: int) -> timedelta:
    # Full jitter: deliveries that failed together must not come back together.
    # https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    ceiling = min(schedule.longest, schedule.first * 2.0 ** min(number - 1, MAX_DOUBLINGS))
    return ceiling * random.random()  # noqa: S311 - spreads load, guards nothing
