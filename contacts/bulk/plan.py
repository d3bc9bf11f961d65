"""The same change for many clinicians: planned, shown and confirmed, then applied."""

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
"""What the history gives as the reason."""


class OutdatedPreviewError(Exception):
    """The change would not be the one that was shown and confirmed. The message is a sentence for staff."""

    def __init__(self) -> None:
        super().__init__(
            "Clinicians have changed since you looked. Nothing is saved: see what would change now."
        )


@dataclass(frozen=True)
class MissingAddress:
    """A clinician without an address for a channel of the change."""

    pk: int
    clinician: str
    channels: tuple[Channel, ...]
    kept: tuple[Priority, ...] = ()
    """Priorities that keep their channels, because the change would leave no channel."""


@dataclass
class BulkPlan:
    """The effect of a change of preferences."""

    changes: dict[int, dict[Priority, list[Channel]]] = field(default_factory=dict)
    """The priorities that change, by a clinician's id."""
    unchanged: int = 0
    """How many have these preferences already."""
    skipped: int = 0
    """How many keep their preferences because they lack an address."""
    missing: list[MissingAddress] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    """Each warning, with the number of clinicians that it is about."""

    @property
    def partial(self) -> int:
        """How many change although they lack an address."""
        return len(self.missing) - self.skipped

    def digest(self) -> str:
        """Equal for two plans with the same changes."""
        return _digest(sorted((pk, sorted(change.items())) for pk, change in self.changes.items()))


def make_plan(clinicians: Iterable[Clinician], wanted: Wanted, *, partly: bool) -> BulkPlan:
    """What would change if each clinician got `wanted`. One query.

    A clinician who lacks an address keeps their preferences. With `partly` they get the channels that can reach them,
    and a priority without any such channel keeps its own.
    """
    plan = BulkPlan()
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
            plan.missing.append(MissingAddress(clinician.pk, str(clinician), missing, kept))
        if changes:
            plan.changes[clinician.pk] = changes
            plan.warnings.update(_warnings(clinician, changes))
        elif missing:
            plan.skipped += 1
        else:
            plan.unchanged += 1
    return plan


def apply(
    chosen: QuerySet[Clinician], wanted: Wanted, *, partly: bool, shown: str, reason: str = REASON
) -> BulkPlan:
    """Give `wanted` to the chosen clinicians in one transaction, and return what was done.

    Raises:
        OutdatedPreviewError: the plan is not the one with the digest `shown`.
        LockedError: somebody else is changing them.
    """
    with locks.transaction_with_locks():
        plan = make_plan(locks.locked(chosen), wanted, partly=partly)
        if plan.changes and plan.digest() != shown:
            raise OutdatedPreviewError
        preferences.replace_many(plan.changes, reason=reason)
    return plan


def digest_of(clinicians: Iterable[Clinician]) -> str:
    """Equal for the same clinicians."""
    return _digest(sorted(each.pk for each in clinicians))


def set_active(chosen: QuerySet[Clinician], *, active: bool, shown: str) -> int:
    """Make the chosen clinicians active or inactive; return how many changed.

    Raises:
        OutdatedPreviewError: they are not the ones with the digest `shown`.
        LockedError: somebody else is changing them.
    """
    with locks.transaction_with_locks():
        changed = list(locks.locked(chosen).exclude(active=active))
        if changed and digest_of(changed) != shown:
            raise OutdatedPreviewError
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
    """Warnings for a clinician; none for an inactive one, because no alert should reach them."""
    if not clinician.active:
        return []
    return [each for change in changes.items() for each in preferences.warnings(*change)]


def _digest(what: object) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
