"""The same change for many clinicians: what it would do, and doing it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from contacts import history, locks, preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.preferences import Wanted

REASON = "Changed together with others"


class OtherThanShownError(Exception):
    """What was confirmed is not what would be done now: a sentence for staff."""

    def __init__(self) -> None:
        super().__init__(
            "Clinicians have been changed since you looked, and nothing is done yet: see what would change now."
        )


@dataclass(frozen=True)
class Lacking:
    """Somebody who has no address for a channel that they are to have."""

    pk: int
    clinician: str
    channels: tuple[Channel, ...]
    kept: tuple[Priority, ...] = ()
    """Priorities that stay as they are, since no channel is left for them: better than none."""


@dataclass
class Plan:
    """What a change of preferences comes to."""

    changes: dict[int, dict[Priority, list[Channel]]] = field(default_factory=dict)
    """By a clinician's id what really changes."""
    unchanged: int = 0
    """How many have these preferences already."""
    left: int = 0
    """How many stay as they are since they lack an address."""
    lacking: list[Lacking] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    """What staff should know before they confirm it, and for how many it stands."""

    @property
    def in_part(self) -> int:
        """How many change, and lack an address for some of it."""
        return len(self.lacking) - self.left

    def digest(self) -> str:
        """Says whether two plans change the same."""
        return _digest(sorted((pk, sorted(change.items())) for pk, change in self.changes.items()))


def plan(clinicians: Iterable[Clinician], wanted: Wanted, *, partly: bool) -> Plan:
    """What giving `wanted` to each of `clinicians` would do.

    Who lacks an address for one of the channels is left as they are, or, with `partly`, gets the others; a priority for
    which they would have none then keeps its channels.
    """
    found = Plan()
    needed = {channel for channels in wanted.values() for channel in channels}
    everybody = list(clinicians)
    now = preferences.channels_of_many([each.pk for each in everybody])
    for clinician in everybody:
        missing = tuple(each for each in Channel if each in needed and not clinician.address(each))
        changes = _changes(now[clinician.pk], wanted, missing) if partly or not missing else {}
        if missing:
            kept = tuple(
                priority
                for priority, channels in wanted.items()
                if partly and channels and set(channels) <= set(missing)
            )
            found.lacking.append(Lacking(clinician.pk, str(clinician), missing, kept))
        if changes:
            found.changes[clinician.pk] = changes
            found.warnings.update(_warnings(clinician, changes))
        elif missing:
            found.left += 1
        else:
            found.unchanged += 1
    return found


def apply(
    chosen: QuerySet[Clinician], wanted: Wanted, *, partly: bool, shown: str, reason: str = REASON
) -> Plan:
    """Give `wanted` to all who are chosen, in one transaction; what it came to, which nobody can change meanwhile.

    Raises:
        OtherThanShownError: it would change something else than the plan with the digest `shown`.
        TakenError: somebody else is changing them.
    """
    with locks.transaction_with_locks():
        done = plan(locks.locked(chosen), wanted, partly=partly)
        if done.changes and done.digest() != shown:
            raise OtherThanShownError
        preferences.replace_many(done.changes, reason=reason)
    return done


def becoming(chosen: QuerySet[Clinician], *, active: bool) -> QuerySet[Clinician]:
    """Whom `set_active` would change."""
    return chosen.exclude(active=active)


def digest_of(clinicians: Iterable[Clinician]) -> str:
    """Says whether these are the same people."""
    return _digest(sorted(each.pk for each in clinicians))


def set_active(chosen: QuerySet[Clinician], *, active: bool, shown: str) -> int:
    """Make all who are chosen active, or inactive; how many were not.

    Raises:
        OtherThanShownError: they are others than those with the digest `shown`.
        TakenError: somebody else is changing them.
    """
    with locks.transaction_with_locks():
        changed = list(becoming(locks.locked(chosen), active=active))
        if changed and digest_of(changed) != shown:
            raise OtherThanShownError
        ids = [each.pk for each in changed]
        Clinician.objects.filter(pk__in=ids).update(active=active)
        for clinician in changed:
            clinician.active = active
        history.record_many(changed, preferences.channels_of_many(ids), reason=REASON)
    return len(changed)


def _changes(now: Wanted, wanted: Wanted, missing: Sequence[Channel]) -> dict[Priority, list[Channel]]:
    changes = {}
    for priority, channels in wanted.items():
        reachable = [channel for channel in channels if channel not in missing]
        if (reachable or not channels) and reachable != now[priority]:
            changes[priority] = reachable
    return changes


def _warnings(clinician: Clinician, changes: Wanted) -> list[str]:
    """Of somebody who is not active, none: nobody is to reach them."""
    if not clinician.active:
        return []
    return [each for found in changes.items() for each in preferences.warnings(*found)]


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
