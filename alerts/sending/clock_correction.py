"""Corrects dates that the database's clock wrote before it was set back.

Otherwise a delivery would wait until the clock has caught up. This module sends nothing: a delivery becomes due, and is
claimed like any other.
"""

from datetime import timedelta
from functools import cache, reduce
from operator import or_
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable, CombinedExpression
from django.db.models.functions import Now

from alerts.deliveries.outcomes import OUTCOME_EVERY
from alerts.deliveries.retry import LONGEST_HOLD, SCHEDULES
from alerts.models import Attempt, Delivery
from alerts.states import AttemptState, DeliveryState
from contacts.choices import Priority

EVERY = 3.0
"""Seconds between two runs."""
MAX_RING_SECONDS = 60
"""The highest value of CONNECT_RING_SECONDS."""
LONGEST_PAUSE = timedelta(minutes=10)
"""The highest value of REPEAT_AFTER_SECONDS."""
AT_ONCE = 1000
"""How many deliveries are corrected in one run."""
TOLERANCE = timedelta(seconds=2)
"""How far ahead a date may be although the clock was not set back: the statement that reads it may have begun
earlier."""
LONGEST_WAIT: dict[Priority, timedelta] = {
    priority: max(SCHEDULES[priority].longest, LONGEST_HOLD[priority]) for priority in Priority
}
"""The longest time for which anything postpones a delivery. For one that was never tried it is LONGEST_HOLD."""

log = structlog.get_logger(__name__)


def correct() -> int:
    """Correct dates further ahead than any that Bleep sets. Returns how many deliveries it corrected.

    One query if there are none, and three otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute(*_query(settings.LEASE))
        found = [pk for (pk,) in cursor.fetchall()]
    if not found:
        return 0
    impossible = _impossible(settings.LEASE)
    # Each date is checked again under the lock. A delivery that another process has locked is being changed anyway.
    any_date = reduce(or_, (rows for rows, _ in impossible.values()))
    dates = {field: Case(When(rows, then=now), default=F(field)) for field, (rows, now) in impossible.items()}
    with transaction.atomic():
        locked = Delivery.objects.select_for_update(skip_locked=True).filter(pk__in=found)
        ids = list(locked.values_list("pk", flat=True))
        corrected = Delivery.objects.filter(any_date, pk__in=ids).update(**dates)
    if corrected:
        log.warning("clock.set_back", count=corrected)
    return corrected


@cache
def _query(lease: timedelta) -> tuple[str, tuple[Any, ...]]:
    """The query for rows with an impossible date, built once: building it takes ten times as long as running it."""
    first, *others = (
        Delivery.objects.filter(rows).order_by().values_list("pk") for rows, _ in _impossible(lease).values()
    )
    return first.union(*others)[:AT_ONCE].query.sql_with_params()


def _impossible(lease: timedelta) -> dict[str, tuple[Q, Combinable]]:
    """For each date of a delivery: the rows in which it is impossible, and its new value. Indexes serve them all."""
    any_priority = Q(priority__in=Priority.values)
    # Not the setting itself: a date that was set before the setting was lowered is right.
    first_question = timedelta(seconds=MAX_RING_SECONDS) + OUTCOME_EVERY
    begun = Attempt.objects.filter(delivery=OuterRef("pk"), state=AttemptState.CALLING)
    waits = Q()
    for priority in Priority:
        held, retried = LONGEST_HOLD[priority], LONGEST_WAIT[priority]
        paused = max(retried, LONGEST_PAUSE)
        too_long = Q(begins_at=None) & (Q(attempt_count=0) | Q(available_at__gt=_after(retried)))
        too_long |= Q(available_at__gt=_after(paused))
        waits |= Q(priority=priority, available_at__gt=_after(held)) & too_long
    return {
        "available_at": (Q(state=DeliveryState.PENDING) & waits, Now()),
        "begins_at": (Q(state=DeliveryState.PENDING, begins_at__isnull=False) & waits, Now()),
        "handed_over_at": (
            any_priority & Q(state=DeliveryState.PENDING, handed_over_at__gt=_after(timedelta())),
            Value(None),
        ),
        "outcome_due_at": (
            any_priority & Q(outcome_due_at__gt=_after(first_question)),
            Now(),
        ),
        # Its worker may still be sending, so it gets a whole lease from now. The date of its attempt proves that the
        # clock was set back; a long lease alone may be from before LEASE_SECONDS was lowered.
        "lease_expires_at": (
            Q(state=DeliveryState.SENDING, lease_expires_at__gt=_after(lease))
            & Q(Exists(begun.filter(started_at__gt=_after(timedelta())))),
            Now() + lease,
        ),
    }


def _after(time: timedelta) -> CombinedExpression:
    return Now() + time + TOLERANCE
