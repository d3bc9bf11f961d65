"""Chooses the deliveries that a relay hands over: due ones, no more than workers take soon, and lost ones again.

A hand-over is noted in the row's `handed_over_at`. So relays see each other's work, and a restart loses nothing.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from operator import itemgetter
from typing import NamedTuple

from django.db.models import F, Q
from django.db.models.functions import Now

from alerts.models import Delivery
from alerts.states import DeliveryState
from config import statements, tracing
from contacts.choices import Priority

MAX_IN_FLIGHT: dict[Priority, int] = {Priority.HIGH: 500, Priority.MEDIUM: 300, Priority.LOW: 300}
"""How many may be in Celery's queues. The backlog waits in the database, where it cannot get lost."""
MIN_IN_FLIGHT = 50
"""At least this many may be handed over, however slow the workers are."""
QUEUE_DELAY = timedelta(seconds=2)
"""How long a delivery may wait in a queue before fewer are handed over: new deliveries wait behind it."""
UNCLAIMED = timedelta(seconds=5)
"""A relay sends a High delivery itself if no worker has claimed it by then, unless it is in a queue that moves."""
HAND_OVER_AGAIN: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=15),
    Priority.MEDIUM: timedelta(seconds=30),
    Priority.LOW: timedelta(seconds=60),
}
"""Hand a delivery over again if no worker has claimed it by then, unless it is still in a queue that moves."""
STALLED = timedelta(seconds=12)
"""A queue from which nothing was taken for this long has stalled: calls to a provider that hangs end sooner."""
SLACK = timedelta(seconds=3)
"""Longer than a relay takes to publish what it has marked as handed over: two relays' deliveries mix in a queue."""
UNKNOWN_AGE = timedelta(hours=1)
"""The age to assume for a queue whose oldest message is for a delivery that no longer waits: nothing counts as lost."""


class Which(NamedTuple):
    """Due deliveries: those handed over before `again_after`, and if `new`, those never handed over."""

    new: bool
    again_after: timedelta


class Waiting(NamedTuple):
    """The waiting deliveries of a priority."""

    in_flight: int
    """How many were handed over."""
    age: timedelta
    """How long ago the first of these was handed over."""
    due: bool
    """Whether any delivery is due and not yet handed over."""


class Work(NamedTuple):
    """The work that is due for a relay."""

    expired: bool
    """Whether a lease has run out."""
    outcomes: bool
    """Whether it is time to ask what became of a message."""
    steps: bool
    """Whether it is time to ask the next person to take an alert on."""
    subscriptions: bool
    """Whether it is time to ask AWS about the subscription of an e-mail address."""
    former_addresses: bool
    """Whether a former number of a clinician has to be told that alerts go elsewhere."""
    waiting: dict[Priority, Waiting]


def _waiting(priority: Priority) -> str:
    rows = f"FROM alerts_delivery WHERE state = '{DeliveryState.PENDING}' AND priority = '{priority}'"
    handed_over = f"{rows} AND handed_over_at IS NOT NULL"
    return f"""
    (SELECT count(*) {handed_over}),
    (SELECT coalesce(statement_timestamp() - min(handed_over_at), interval '0') {handed_over}),
    EXISTS (SELECT {rows} AND handed_over_at IS NULL AND available_at <= statement_timestamp())"""


LOOK = f"""
SELECT
    EXISTS (SELECT FROM alerts_delivery
            WHERE state = '{DeliveryState.SENDING}' AND lease_expires_at < statement_timestamp()),
    EXISTS (SELECT FROM alerts_delivery
            WHERE outcome_due_at <= statement_timestamp()),
    EXISTS (SELECT FROM alerts_loop WHERE ended_at IS NULL AND due_at <= statement_timestamp()),
    EXISTS (SELECT FROM contacts_emailsubscription WHERE next_look_at <= statement_timestamp()),
    EXISTS (SELECT FROM contacts_formeraddress WHERE channel <> 'email' AND next_try_at <= statement_timestamp()),
    {",".join(_waiting(priority) for priority in Priority)}
"""  # noqa: S608 - names of our own
"""One statement for all that is due. Each part of it reads an index of its own with few rows: see the models."""


def look() -> Work:
    """The work that is due. One statement, however long the backlog."""
    found = statements.first_row(LOOK, {})
    assert found is not None  # noqa: S101 - a SELECT without FROM has one row
    expired, outcomes, steps, subscriptions, former_addresses, *rest = found
    waiting = {each: Waiting(*rest[3 * n : 3 * n + 3]) for n, each in enumerate(Priority)}
    return Work(expired, outcomes, steps, subscriptions, former_addresses, waiting)


class InFlight:
    """How many deliveries of a priority may be handed over, and which of those handed over are lost.

    `allowed` follows the workers. It doubles when they have emptied a full queue, and halves when a delivery has waited
    in the queue for `QUEUE_DELAY`.
    """

    def __init__(self, priority: Priority) -> None:
        self._priority = priority
        self._was_full = False
        self._head: uuid.UUID | None = None
        self._head_since = 0.0
        self.allowed = min(MAX_IN_FLIGHT[priority], 2 * MIN_IN_FLIGHT)
        self._lost_after = HAND_OVER_AGAIN[priority]
        self._unclaimed_after = UNCLAIMED
        self.room = 0
        """How many more may be handed over now."""

    @property
    def free(self) -> Which:
        """Deliveries to hand over, for the first time or again."""
        return Which(new=True, again_after=self._lost_after)

    @property
    def unclaimed(self) -> Which:
        """High deliveries that no worker takes in time."""
        return Which(new=False, again_after=self._unclaimed_after)

    def look(self, waiting: Waiting, oldest_in_queue: Callable[[], uuid.UUID | None]) -> None:
        """Find how many may be handed over. Redis is asked only when a delivery has waited for long."""
        count, age, _ = waiting
        self._lost_after, self._unclaimed_after = HAND_OVER_AGAIN[self._priority], UNCLAIMED
        if age > UNCLAIMED / 2:
            self._allow_for_the_queue(oldest_in_queue())
            not_lost = Q(handed_over_at__gte=Now() - self._lost_after)
            count = Delivery.objects.filter(
                not_lost, state=DeliveryState.PENDING, priority=self._priority
            ).count()
        self._follow(count, age)
        self.room = max(0, self.allowed - count)
        if self._priority is not Priority.HIGH and count > self.allowed // 2:
            self.room = 0  # workers have enough: handing over many at once costs less

    def took(self, count: int) -> None:
        """Note how many were handed over. If there was no room, the queue stays as full as it was."""
        if self.room:
            self._was_full = self.room <= count

    def _allow_for_the_queue(self, head: uuid.UUID | None) -> None:
        """The time before which a hand-over counts as lost.

        A delivery that is still in a moving queue is not lost. Queues are first in, first out: deliveries handed over
        before the queue's oldest message are no longer in it.
        """
        now = time.monotonic()
        if head != self._head:
            self._head, self._head_since = head, now
        if head is None:
            return
        stood = timedelta(seconds=now - self._head_since)
        ages = Delivery.objects.filter(pk=head, state=DeliveryState.PENDING, handed_over_at__isnull=False)
        age = ages.values_list(Now() - F("handed_over_at"), flat=True).first()
        queued = UNKNOWN_AGE if age is None else age + SLACK
        if stood < STALLED:
            self._lost_after = max(self._lost_after, queued)
        if stood < UNCLAIMED / 2:
            self._unclaimed_after = max(self._unclaimed_after, queued)

    def _follow(self, count: int, age: timedelta) -> None:
        if count and age > QUEUE_DELAY:
            self.allowed = max(MIN_IN_FLIGHT, self.allowed // 2)
        elif not count and self._was_full:
            self.allowed = min(MAX_IN_FLIGHT[self._priority], self.allowed * 2)


_FREE = f"""
    SELECT id FROM alerts_delivery
    WHERE state = '{DeliveryState.PENDING}' AND priority = %(priority)s AND available_at <= statement_timestamp()
      AND (%(new)s AND handed_over_at IS NULL OR handed_over_at < statement_timestamp() - %(again_after)s)
"""  # noqa: S608
"""The beginning of a query. It is text, because the rows of a subquery would not be locked."""

TAKE = f"""
WITH
-- Rows that another relay is taking are left to it.
oldest AS ({_FREE} ORDER BY available_at LIMIT %(oldest)s FOR UPDATE SKIP LOCKED),
newest AS (
    {_FREE} AND id NOT IN (SELECT id FROM oldest) ORDER BY available_at DESC LIMIT %(newest)s FOR UPDATE SKIP LOCKED
)
UPDATE alerts_delivery AS delivery SET handed_over_at = statement_timestamp()
WHERE id IN (SELECT id FROM oldest UNION ALL SELECT id FROM newest)
RETURNING id, available_at
"""  # noqa: S608


def take(priority: Priority, most: int, *, which: Which) -> list[uuid.UUID]:
    """Mark up to `most` of these due deliveries as handed over, and return their ids. One statement.

    Oldest first, but half of the places are for the newest of High
    (`docs/decisions/0011-the-newest-high-gets-half.md`).
    """
    if most <= 0:
        return []
    newest = most // 2 if priority is Priority.HIGH else 0
    values = {**which._asdict(), "priority": priority, "oldest": most - newest, "newest": newest}
    taken = [pk for pk, _ in sorted(statements.prepared_rows(TAKE, values), key=itemgetter(1))]
    return taken[: most - newest] + taken[most - newest :][::-1]


def trace(ids: Sequence[uuid.UUID], *, queue: str, since: int) -> None:
    """Record the hand-over in the trace of each delivery that has one. No query while tracing is off."""
    if not (ids and tracing.is_on()):
        return
    traced = Delivery.objects.filter(pk__in=ids).exclude(traceparent="")
    for pk, alert_id, parent in traced.values_list("pk", "alert_id", "traceparent"):
        facts: dict[str, int | str] = {"alert_id": alert_id, "delivery_id": str(pk), "queue": queue}
        tracing.past("hand over", parent=parent, since=since, kind="producer", **facts)
