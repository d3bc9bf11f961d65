"""Keep each channel within AWS's quotas, across all processes, with a share reserved for High.

The quotas are per account, so Redis counts, by its own clock. While Redis is away, each process counts for itself over
a longer window, so that a handful of processes stay within the quota together.
"""

import logging
import random
import time
from datetime import timedelta
from functools import cache, lru_cache
from threading import Lock

from django.conf import settings
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from alerts.channels import ADAPTERS, Budget
from alerts.cooldown import Cooldown
from alerts.deliveries.retry import LONGEST_HOLD
from alerts.models import Delivery
from alerts.sending.moving_window import MovingWindow
from alerts.states import DeliveryState
from config.outages import Outage
from contacts.choices import Channel, Priority

PROCESSES = 4
"""The share of a quota for a process that counts alone: there are two relays and two workers."""
REDIS_SECONDS = 0.2
"""Seconds to connect and to read, each. A hanging Redis may delay a delivery for this long, once per cooldown."""

OUTAGE = Outage(begins="rate_limit.redis_away", ends="rate_limit.redis_back", level=logging.WARNING)
redis_cooldown = Cooldown(2.0)
_one_at_a_time = Lock()
"""The in-memory counter is not thread-safe: https://github.com/alisaifee/limits/pull/352."""


def acquire(delivery: Delivery) -> timedelta | None:
    """Take a place in the budget of the delivery's channel. Returns None, or how long to postpone the delivery."""
    channel, priority = Channel(delivery.channel), Priority(delivery.priority)
    adapter = ADAPTERS[channel]
    allowed = adapter.budget()
    clinician_id = delivery.clinician_id if adapter.budget_per_person else None
    scope = channel.value if clinician_id is None else f"{channel.value}:{clinician_id}"
    if _take_place(scope, priority, allowed):
        return None
    most = LONGEST_HOLD[priority].total_seconds()
    counted = int(allowed.amount * most / allowed.seconds)  # more would not make the wait longer
    backlog = _backlog(channel, priority, clinician_id, counted, int(time.monotonic()))
    # Deliveries that were turned away together must not come back together, nor thousands of them several times before
    # their turn. So they are spread over the time in which the budget can serve them all.
    longest = min(allowed.seconds * max(1.0, backlog / allowed.amount), most)
    return timedelta(seconds=random.uniform(allowed.seconds / 4, longest))  # noqa: S311 - guards nothing


def acquire_for_question(channel: Channel, priority: Priority) -> bool:
    """Take a place for asking what became of a message. AWS counts each operation separately, with the same quota."""
    return _take_place(f"{channel.value}:questions", priority, ADAPTERS[channel].budget())


def _take_place(scope: str, priority: Priority, allowed: Budget) -> bool:
    # The others' share first: without Redis, a place taken there and not used only makes the limit slightly too strict.
    shares = {} if priority is Priority.HIGH else {f"bleep:rate:{scope}:others": allowed.for_others}
    shares[f"bleep:rate:{scope}:all"] = allowed.amount
    if not redis_cooldown.is_on:
        try:
            is_taken = _shared().take(shares, allowed.seconds)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the counter, alerts must go out
            redis_cooldown.begin()
            OUTAGE.failed(None, type(error).__name__)
        else:
            OUTAGE.works()
            return is_taken
    # A longer window, not a smaller amount: there is no quarter of a call.
    seconds = allowed.seconds * PROCESSES
    with _one_at_a_time:
        return all(_own().hit(RateLimitItemPerSecond(amount, seconds), key) for key, amount in shares.items())


@lru_cache(maxsize=64)
def _backlog(channel: Channel, priority: Priority, clinician_id: int | None, most: int, _second: int) -> int:
    """How many deliveries, up to `most`, wait for the same budget. A process counts at most once a second."""
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING, priority=priority, channel=channel)
    own = waiting if clinician_id is None else waiting.filter(clinician_id=clinician_id)
    return own.order_by()[:most].count()  # unordered, so that it stops at `most`


@cache
def _shared() -> MovingWindow:
    # Celery and redis-py write socket addresses differently.
    url = settings.REDIS_URL.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=", 1)
    return MovingWindow(url, timeout=REDIS_SECONDS)


@cache
def _own() -> MovingWindowRateLimiter:
    return MovingWindowRateLimiter(MemoryStorage())
