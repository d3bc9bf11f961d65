"""How fast each channel may be used, over all workers together: AWS's quotas, of which High always keeps a share.

Counted in Redis, since the quotas are the account's and not a process's. While Redis is away each process counts for
itself, against a fraction that keeps a handful of processes within the quota together.
"""

import os
import random
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import structlog
from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from contacts.choices import Channel, Priority

EMAILS_PER_SECOND = 8
"""To one clinician's topic. Over 10 a second SNS suspends the subscription."""
CALL_WINDOW = 2
"""Seconds over which calls are counted, so that a burst passes: Connect allows 5 at once."""
WITHOUT_REDIS = 4
"""The quota is divided by this while each process counts for itself: two relays and two workers."""
REDIS_PAUSE = 2.0
"""Seconds for which a Redis that failed is not asked."""
LONGEST_HOLD = 5.0
"""Seconds: the most by which a delivery over the budget is put off at a time."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Budget:
    """`amount` messages in any `seconds`; others than High may use `for_others` of them."""

    amount: int
    seconds: int

    @property
    def for_others(self) -> int:
        """Three quarters, and at least one fewer than all where there is more than one."""
        return max(1, min(self.amount * 3 // 4, self.amount - 1))


def budget(channel: Channel) -> Budget:
    """What a channel may be used for in a while."""
    match channel:
        case Channel.CALL:
            return Budget(settings.CONNECT_CALLS_PER_SECOND * CALL_WINDOW, CALL_WINDOW)
        case Channel.SMS:
            return Budget(settings.SMS_PER_SECOND, 1)
        case Channel.EMAIL:
            return Budget(EMAILS_PER_SECOND, 1)


def hold(channel: Channel, priority: Priority, recipient: str) -> timedelta | None:
    """Take a place in the budget: None where there was one, else how long to put the delivery off."""
    allowed = budget(channel)
    scope = f"{channel.value}:{recipient}" if channel is Channel.EMAIL else channel.value
    amounts = {"all": allowed.amount}
    if priority is not Priority.HIGH:
        # Their own share first: a place that is taken there and not used is only a little too careful.
        amounts = {"others": allowed.for_others, **amounts}
    if all(_taken(scope, name, amount, allowed.seconds) for name, amount in amounts.items()):
        return None
    longest = allowed.seconds if priority is Priority.HIGH else LONGEST_HOLD
    # Spread out, or those that were turned away together come back together.
    return timedelta(seconds=random.uniform(allowed.seconds / 4, longest))  # noqa: S311


def _taken(scope: str, share: str, amount: int, seconds: int) -> bool:
    key = f"bleep:pace:{scope}:{share}"
    if _redis.is_resting():
        return _locally_taken(key, amount, seconds)
    try:
        return _redis.limiter().hit(RateLimitItemPerSecond(amount, seconds), key)
    except StorageError as error:
        _redis.rest()
        log.warning("pacing.redis_away", error=type(error.__cause__ or error).__name__)
        return _locally_taken(key, amount, seconds)


def _locally_taken(key: str, amount: int, seconds: int) -> bool:
    # A longer window rather than a smaller amount: two calls a second divided by four are one in two seconds.
    item: RateLimitItem = RateLimitItemPerSecond(amount, seconds * WITHOUT_REDIS)
    return _local.hit(item, key)


_local = MovingWindowRateLimiter(MemoryStorage())


class _Redis:
    """The shared counter, asked with a bound on the time, and not at all for a while after it failed."""

    def __init__(self) -> None:
        self._rests_until = 0.0
        self._lock = threading.Lock()

    def is_resting(self) -> bool:
        return time.monotonic() < self._rests_until

    def rest(self) -> None:
        self._rests_until = time.monotonic() + REDIS_PAUSE

    def limiter(self) -> MovingWindowRateLimiter:
        with self._lock:
            return _shared_limiter()


@cache
def _shared_limiter() -> MovingWindowRateLimiter:
    storage = RedisStorage(
        settings.REDIS_URL,
        wrap_exceptions=True,
        socket_timeout=0.2,
        socket_connect_timeout=0.2,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
    )
    return MovingWindowRateLimiter(storage)


_redis = _Redis()
os.register_at_fork(after_in_child=_shared_limiter.cache_clear)
