"""Whether a channel's provider is down: then it is left in peace but for a probe, and High takes another channel.

The ledger says it: there is no state beside it that could disagree, be lost or be told to some processes only.
"""

import random
from datetime import timedelta
from itertools import takewhile
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from alerts.deliveries import lifecycle
from alerts.deliveries.lifecycle import Claim
from alerts.models import Attempt, Delivery
from alerts.states import AttemptState, Reason
from contacts.choices import Channel, Priority

FAILURES = 5
"""A provider is down after so many attempts in a row, the newest ones, that did not get through to it."""
FAILED_DELIVERIES = 2
"""They are of so many deliveries at least: one address that hangs says nothing of the others'."""
LOOKED_AT = 100
"""Of the newest attempts so many at the most: a probe in five seconds makes sixty in `WITHIN`."""
WITHIN = timedelta(minutes=5)
"""Older attempts say nothing of the provider now."""
PROBE_EVERY = timedelta(seconds=5)
"""While it is down, one delivery in this time is tried all the same: the first that gets through ends it."""
RARE_PROBE = timedelta(seconds=30)
"""A delivery that has another channel is risked only when nobody else has probed for so long."""

OUTAGE = frozenset({Reason.ANSWER_LOST, Reason.UNREACHABLE})
"""What an attempt fails for when the provider is down, and not when an address or a setting is wrong."""
LOCK = 0x626C6570
"""The first half of the advisory locks under which probes are chosen ("blep")."""


def is_down(channel: Channel) -> bool:
    """Whether the newest attempts over a channel all failed for want of an answer. One query."""
    return _says_down(list(_newest(channel)))


def channels_down() -> list[Channel]:
    """The channels whose provider is down. One query for all of them."""
    first, *others = (_newest(channel) for channel in Channel)
    newest: dict[Channel, list[tuple[str, str, UUID]]] = {channel: [] for channel in Channel}
    for told in first.union(*others, all=True):
        newest[Channel(told[0])].append(told)
    return [channel for channel, told in newest.items() if _says_down(told)]


def has_been_down_for(channel: Channel, time: timedelta) -> bool:
    """Whether attempts have failed for want of an answer for so long, and none has had one since. Two queries."""
    told = _told(channel)
    answer = (
        told.exclude(reason__in=OUTAGE).order_by("-started_at").values_list("started_at", flat=True).first()
    )
    since = told.filter(started_at__gt=answer) if answer else told
    return since.filter(reason__in=OUTAGE, started_at__lt=Now() - time).exists()


def claim_as_probe(delivery: Delivery, *, quiet_for: timedelta = PROBE_EVERY) -> Claim | None:
    """Claim a delivery if the channel was not tried for a while; of all that come at once, in any process, one."""
    channel = Channel(delivery.channel)
    with transaction.atomic():
        # Held until the commit, with which the attempt can be seen: the next to get it finds the channel tried.
        if not _lock(channel) or _attempts(channel, quiet_for).exists():
            return None
        return lifecycle.claim(delivery.pk)


def wait(priority: Priority) -> timedelta:
    """For how long to put a delivery off that did not get to probe; drawn, or all would come back at once."""
    least, most = (0.5, 1) if priority is Priority.HIGH else (1, 3)
    return PROBE_EVERY * random.uniform(least, most)  # noqa: S311 - spreads load, guards nothing


def _newest(channel: Channel) -> QuerySet[Attempt, tuple[str, str, UUID]]:
    """Channel, reason and delivery of the newest attempts that say something of the provider."""
    told = _told(channel).filter(started_at__gt=Now() - WITHIN)
    return told.order_by("-started_at").values_list("channel", "reason", "delivery_id")[:LOOKED_AT]


def _says_down(newest: list[tuple[str, str, UUID]]) -> bool:
    outage = list(takewhile(lambda told: told[1] in OUTAGE, newest))
    return len(outage) >= FAILURES and len({pk for _, _, pk in outage}) >= FAILED_DELIVERIES


def _told(channel: Channel) -> QuerySet[Attempt]:
    """Attempts that say something of the provider: one that still calls, or whose worker died or was late, does not."""
    silent = Q(state=AttemptState.CALLING) | Q(reason__in=(Reason.WORKER_LOST, Reason.OUT_OF_TIME))
    return Attempt.objects.filter(~silent, channel=channel)


def _attempts(channel: Channel, within: timedelta) -> QuerySet[Attempt]:
    return Attempt.objects.filter(channel=channel, started_at__gt=Now() - within)


def _lock(channel: Channel) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, list(Channel).index(channel)])
        return bool(cursor.fetchone()[0])
