"""The same change for many clinicians: what it would do, and doing it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from contacts import history, preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician

Wanted = Mapping[Priority, Sequence[Channel]]
"""The channels for each priority that is to change."""

REASON = "Changed together with others"


@dataclass(frozen=True)
class Lacking:
    """Somebody who has no address for a channel that they are to have."""

    clinician: str
    channels: tuple[Channel, ...]


@dataclass
class Plan:
    """What a change of preferences comes to."""

    changes: dict[int, dict[Priority, list[Channel]]] = field(default_factory=dict)
    """By a clinician's id what really changes."""
    unchanged: int = 0
    """How many have these preferences already."""
    skipped: int = 0
    """How many are left as they are since they lack an address."""
    lacking: list[Lacking] = field(default_factory=list)


def plan(clinicians: Iterable[Clinician], wanted: Wanted, *, partly: bool) -> Plan:
    """What giving `wanted` to each of `clinicians` would do; their `preferences` are prefetched.

    Who lacks an address for one of the channels is left as they are, or, with `partly`, gets the others; a priority for
    which they would have none then keeps its channels.
    """
    found = Plan()
    needed = {channel for channels in wanted.values() for channel in channels}
    for clinician in clinicians:
        missing = tuple(each for each in Channel if each in needed and not clinician.address(each))
        if missing:
            found.lacking.append(Lacking(str(clinician), missing))
        if missing and not partly:
            found.skipped += 1
            continue
        changes = _changes(clinician, wanted, missing)
        if changes:
            found.changes[clinician.pk] = changes
        else:
            found.unchanged += 1
    return found


def apply(chosen: QuerySet[Clinician], wanted: Wanted, *, partly: bool) -> Plan:
    """Give `wanted` to all who are chosen, in one transaction; what it came to, which nobody can change meanwhile."""
    with transaction.atomic():
        done = plan(_locked(chosen).prefetch_related("preferences"), wanted, partly=partly)
        preferences.replace_many(done.changes, reason=REASON)
    return done


def set_active(chosen: QuerySet[Clinician], *, active: bool) -> int:
    """Make all who are chosen active, or inactive; how many were not."""
    with transaction.atomic():
        changed = list(_locked(chosen).exclude(active=active).prefetch_related("preferences"))
        Clinician.objects.filter(pk__in=[each.pk for each in changed]).update(active=active)
        for clinician in changed:
            clinician.active = active
        history.record_many(changed, reason=REASON)
    return len(changed)


def _changes(
    clinician: Clinician, wanted: Wanted, missing: Sequence[Channel]
) -> dict[Priority, list[Channel]]:
    now = preferences.channels_by_priority(clinician)
    changes = {}
    for priority, channels in wanted.items():
        reachable = [channel for channel in channels if channel not in missing]
        if (reachable or not channels) and reachable != now[priority]:
            changes[priority] = reachable
    return changes


def _locked(chosen: QuerySet[Clinician]) -> QuerySet[Clinician]:
    ids = chosen.order_by().values("pk")
    return Clinician.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
