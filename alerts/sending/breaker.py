"""Circuit breaker: is a channel's provider down? Then only probes go to it, and High takes another channel.

The ledger decides. There is no separate state that could disagree or get lost. A process only remembers for a second
that a provider is up.
"""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Min, Q, QuerySet
from django.db.models.functions import Now

from alerts.deliveries import claims
from alerts.deliveries.claims import Claim
from alerts.models import Attempt, Delivery
from alerts.states import AttemptState, Reason
from config.database import Lock
from contacts.choices import Channel, Priority

FAILURES = 5
"""A provider is down after this many newest attempts in a row got no answer."""
FAILED_DELIVERIES = 2
"""They must belong to at least this many deliveries: one hanging address says nothing about others."""
LOOKED_AT = 100
"""The newest attempts to look at. A probe every five seconds makes sixty in `WITHIN`."""
WITHIN = timedelta(minutes=5)
"""Older attempts say nothing about the provider now."""
PROBE_EVERY = timedelta(seconds=5)
"""Seconds between probes: while the provider is down, one delivery is tried in this time. The first that gets through
ends the outage."""
RARE_PROBE = timedelta(seconds=30)
"""A delivery with another channel is a probe only if nothing else was tried for this long."""

BELIEVED_SECONDS = 1.0
"""A process that found a provider up does not look again for so long, unless one of its own attempts fails."""

OUTAGE = frozenset({Reason.ANSWER_LOST, Reason.UNREACHABLE})
"""Reasons that mean the provider is down, not that an address or a setting is wrong."""

_believed_up_until: dict[Channel, float] = {}


def is_down(channel: Channel) -> bool:
    """Whether the newest attempts over a channel all got no answer. One query, or none if it was not down just now."""
    if time.monotonic() < _believed_up_until.get(channel, 0.0):
        return False
    down = _says_down(list(_newest(channel)))
    if not down:
        _believed_up_until[channel] = time.monotonic() + BELIEVED_SECONDS
    return down


def look_again(channel: Channel) -> None:
    """Forget that the provider is up, after an attempt of this process failed: the next `is_down` asks the ledger."""
    _believed_up_until.pop(channel, None)


def channels_down() -> list[Channel]:
    """The channels whose provider is down. One query for all."""
    first, *others = (_newest(channel) for channel in Channel)
    newest: dict[Channel, list[tuple[str, str, UUID]]] = {channel: [] for channel in Channel}
    for attempt in first.union(*others, all=True):
        newest[Channel(attempt[0])].append(attempt)
    return [channel for channel, attempts in newest.items() if _says_down(attempts)]


@dataclass(frozen=True)
class Silence:
    """A provider that is down: when the first attempt got no answer, and when the newest."""

    since: datetime
    last_tried: datetime


def silences() -> dict[Channel, Silence]:
    """The channels whose provider is down, and since when. One query, two more for each."""
    found = {}
    for channel in channels_down():
        first, last = _unanswered(channel).aggregate(first=Min("started_at"), last=Max("started_at")).values()
        if first and last:
            found[channel] = Silence(first, last)
    return found


def has_been_down_for(channel: Channel, time: timedelta) -> bool:
    """Whether all attempts for this long got no answer. Two queries."""
    return _unanswered(channel).filter(started_at__lt=Now() - time).exists()


def _unanswered(channel: Channel) -> QuerySet[Attempt]:
    """The attempts since the last answer, none of which got one. One query for the answer."""
    attempts = _telling(channel)
    answer = (
        attempts.exclude(reason__in=OUTAGE)
        .order_by("-started_at")
        .values_list("started_at", flat=True)
        .first()
    )
    since = attempts.filter(started_at__gt=answer) if answer else attempts
    return since.filter(reason__in=OUTAGE)


def claim_as_probe(delivery: Delivery, *, quiet_for: timedelta = PROBE_EVERY) -> Claim | None:
    """Claim a delivery as a probe, if the channel was not tried for a while. Only one of all processes succeeds."""
    channel = Channel(delivery.channel)
    with transaction.atomic():
        # The lock is held until the commit shows the attempt: then the next process sees that the channel was tried.
        if not _lock(channel) or _attempts(channel, quiet_for).exists():
            return None
        return claims.claim(delivery.pk)


def wait(priority: Priority) -> timedelta:
    """How long to postpone a delivery that may not be a probe. Random, or all would come back at once."""
    minimum, maximum = (0.5, 1) if priority is Priority.HIGH else (1, 3)
    return PROBE_EVERY * random.uniform(minimum, maximum)  # noqa: S311 - spreads load, guards nothing


def _newest(channel: Channel) -> QuerySet[Attempt, tuple[str, str, UUID]]:
    """Channel, reason and delivery of the newest attempts that say something about the provider."""
    attempts = _telling(channel).filter(started_at__gt=Now() - WITHIN)
    return attempts.order_by("-started_at").values_list("channel", "reason", "delivery_id")[:LOOKED_AT]


def _says_down(newest: list[tuple[str, str, UUID]]) -> bool:
    outage = list(takewhile(lambda attempt: attempt[1] in OUTAGE, newest))
    return len(outage) >= FAILURES and len({pk for _, _, pk in outage}) >= FAILED_DELIVERIES


def _telling(channel: Channel) -> QuerySet[Attempt]:
    """Attempts that say something about the provider: finished, and not because a worker died or was late."""
    silent = Q(state=AttemptState.CALLING) | Q(reason__in=(Reason.WORKER_LOST, Reason.OUT_OF_TIME))
    return _past(channel).filter(~silent)


def _attempts(channel: Channel, within: timedelta) -> QuerySet[Attempt]:
    return _past(channel).filter(started_at__gt=Now() - within)


def _past(channel: Channel) -> QuerySet[Attempt]:
    """Without attempts in the future. A clock that was set back leaves them behind, and they would stay the newest."""
    return Attempt.objects.filter(channel=channel, started_at__lte=Now())


def _lock(channel: Channel) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s)", [Lock.BREAKER, list(Channel).index(channel)]
        )
        return bool(cursor.fetchone()[0])
