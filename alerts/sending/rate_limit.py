"""How fast each channel may be used, over all processes together: AWS's quotas, of which High always keeps a share.

Counted in Redis, since the quotas are the account's and not a process's. While Redis is away each process counts for
itself, over a longer while, so that a handful of processes stays within the quota together.
"""

import random
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from threading import Lock

import structlog
from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from alerts.cooldown import Cooldown
from alerts.models import Delivery
from alerts.states import DeliveryState
from contacts.choices import Channel, Priority

EMAILS_PER_SECOND = 8
"""To one clinician's topic. Over 10 a second SNS suspends the subscription."""
CALL_WINDOW = 2
"""Seconds over which calls are counted, so that a burst passes: Connect allows 5 at once."""
WITHOUT_REDIS = 4
"""Each process may use this part of a quota while it counts for itself: two relays and two workers."""
REDIS_SECONDS = 0.2
"""To connect and to read, each: how long a hanging Redis may delay a delivery, once per cooldown."""
LONGEST_HOLD: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=10),
    Priority.MEDIUM: timedelta(minutes=2),
    Priority.LOW: timedelta(minutes=2),
}
"""The most by which a delivery over the budget is put off at a time."""

log = structlog.get_logger(__name__)
redis_cooldown = Cooldown(2.0)
_one_at_a_time = Lock()
"""For the memory's counter, which fails when two threads use it at once: https://github.com/alisaifee/limits/pull/352."""


@dataclass(frozen=True)
class Budget:
    """`amount` messages in any `seconds`."""

    amount: int
    seconds: int

    @property
    def for_others(self) -> int:
        """How many of them may be of other priorities than High: three quarters, and not all unless it is one."""
        return max(1, min(self.amount * 3 // 4, self.amount - 1))


def budget(channel: Channel) -> Budget:
    """What a channel may be used for in a while."""
    match channel:
        case Channel.CALL:
            return Budget(settings.CONNECT_CALLS_PER_SECOND * CALL_WINDOW, CALL_WINDOW)
        case Channel.SMS:
            # One a second would leave nothing to keep for High: two in two seconds do.
            seconds = 2 if settings.SMS_PER_SECOND == 1 else 1
            return Budget(settings.SMS_PER_SECOND * seconds, seconds)
        case Channel.EMAIL:
            return Budget(EMAILS_PER_SECOND, 1)


def hold(delivery: Delivery) -> timedelta | None:
    """Take a place in the budget of the delivery's channel: None where there was one, else how long to put it off."""
    channel, priority = Channel(delivery.channel), Priority(delivery.priority)
    allowed = budget(channel)
    # E-mail is limited by SNS for each topic, and so for each clinician.
    scope = f"{channel.value}:{delivery.clinician_id}" if channel is Channel.EMAIL else channel.value
    if _take_place(scope, priority, allowed):
        return None
    clinician_id = delivery.clinician_id if channel is Channel.EMAIL else None
    most = LONGEST_HOLD[priority].total_seconds()
    counted = int(allowed.amount * most / allowed.seconds)  # more of them would not wait any longer
    backlog = _backlog(channel, priority, clinician_id, counted, int(time.monotonic()))
    # Those that were turned away together must not come back together, nor thousands several times before their turn:
    # they are spread over the time in which the budget can serve them all.
    longest = min(allowed.seconds * max(1.0, backlog / allowed.amount), most)
    return timedelta(seconds=random.uniform(allowed.seconds / 4, longest))  # noqa: S311 - guards nothing


def has_room_for_question(channel: Channel, priority: Priority) -> bool:
    """Take a place for asking what became of a message: AWS counts each operation by itself, with the same quota."""
    return _take_place(f"{channel.value}:questions", priority, budget(channel))


def _take_place(scope: str, priority: Priority, allowed: Budget) -> bool:
    # The others' share first: a place that is taken there and then not used is only a little too careful.
    return (
        priority is Priority.HIGH or _take(f"{scope}:others", allowed.for_others, allowed.seconds)
    ) and _take(f"{scope}:all", allowed.amount, allowed.seconds)


@lru_cache(maxsize=64)
def _backlog(channel: Channel, priority: Priority, clinician_id: int | None, most: int, _second: int) -> int:
    """How many deliveries, up to `most`, wait for the same budget; each process counts once a second at most."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, priority=priority, channel=channel)
    own = waiting if clinician_id is None else waiting.filter(clinician_id=clinician_id)
    return own.order_by()[:most].count()  # in no order: it may end as soon as it has so many


def _take(share: str, amount: int, seconds: int) -> bool:
    key = f"bleep:rate:{share}"
    if not redis_cooldown.is_on:
        try:
            return _shared().hit(RateLimitItemPerSecond(amount, seconds), key)
        except Exception as error:  # noqa: BLE001 - whatever ails the counter, alerts must go out
            redis_cooldown.begin()
            log.warning("rate_limit.redis_away", error=type(error).__name__)
    # A longer while, not a smaller amount: a quarter of one call a second is no number of calls.
    with _one_at_a_time:
        return _own().hit(RateLimitItemPerSecond(amount, seconds * WITHOUT_REDIS), key)


@cache
def _shared() -> MovingWindowRateLimiter:
    # Celery and redis-py write the address of a socket differently.
    url = settings.REDIS_URL.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)
    storage = RedisStorage(url, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
    return MovingWindowRateLimiter(storage)


@cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
