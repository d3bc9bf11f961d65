"""A clinician's preferences as a whole: for each priority the channels, in order. The rules for them are here, too."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import capfirst

from contacts import history
from contacts.choices import Channel, Priority
from contacts.models import Clinician, Preference

Wanted = Mapping[Priority, Sequence[Channel]]
"""For some or all priorities the channels, in order."""

BATCH = 1000
"""How many clinicians are changed by one statement."""

URGENT = frozenset(channel for channel in Channel if channel.is_urgent)


def address_label(channel: Channel) -> str:
    """What staff call the address for a channel: `number for SMS`."""
    field: Any = Clinician._meta.get_field(channel.address_field)  # noqa: SLF001 - Django's documented API
    return str(field.verbose_name)


def repeated(channels: Sequence[Channel]) -> list[str]:
    """A sentence for each channel that stands more than once."""
    return [
        f"{channel.label} is chosen more than once: choose it once."
        for channel in dict.fromkeys(channels)
        if channels.count(channel) > 1
    ]


def without_address(channels: Iterable[Channel], known: Container[Channel]) -> list[str]:
    """A sentence for each channel for which no address is `known`."""
    return [
        f"{channel.label} needs “{capfirst(address_label(channel))}”: fill it in above, or choose another channel."
        for channel in dict.fromkeys(channels)
        if channel not in known
    ]


def risks(priority: Priority, channels: Sequence[Channel]) -> list[str]:
    """What is allowed, and still not wise: a sentence for each. That nobody is reached, the route says."""
    if priority is Priority.HIGH and channels and URGENT.isdisjoint(channels):
        return ["High priority without a call or an SMS may not be noticed in time: add one of the two."]
    return []


def warnings(priority: Priority, channels: Sequence[Channel]) -> list[str]:
    """All that staff should know before they give these channels to somebody: `risks`, and that nobody is reached."""
    if not channels:
        return [f"No channel for {priority.label}: such alerts will be refused, and their sender is told."]
    return risks(priority, channels)


def channels_by_priority(clinician: Clinician) -> dict[Priority, list[Channel]]:
    """For each priority the channels to try, in order; an empty list where nothing was chosen.

    No query where the clinician's `preferences` were prefetched.
    """
    chosen: dict[Priority, list[Channel]] = {priority: [] for priority in Priority}
    for preference in clinician.preferences.all():
        chosen[Priority(preference.priority)].append(Channel(preference.channel))
    return chosen


def channels_of_many(clinicians: Collection[int]) -> dict[int, dict[Priority, list[Channel]]]:
    """`channels_by_priority` for many, by their ids: one query, and no object for each row, which would take longer."""
    found: dict[int, dict[Priority, list[Channel]]] = {
        pk: {priority: [] for priority in Priority} for pk in clinicians
    }
    rows = Preference.objects.filter(clinician__in=clinicians).order_by("position")
    for pk, priority, channel in rows.values_list("clinician_id", "priority", "channel"):
        found[pk][Priority(priority)].append(Channel(channel))
    return found


def replace(clinician: Clinician, wanted: Wanted) -> None:
    """Make `wanted` the clinician's preferences; a priority that it does not name keeps those it has.

    What changed is written into the clinician's history.

    Raises:
        ValueError: a channel stands twice for one priority, or the clinician has no address for it.
    """
    with transaction.atomic():
        # Two editors at once: the later one wins whole, instead of meeting the first one's rows half way. The lock
        # leaves the key alone, so that an alert for this clinician, whose row refers to it, waits for no editor.
        locked = Clinician.objects.select_for_update(no_key=True).get(pk=clinician.pk)
        for priority, channels in wanted.items():
            _check(locked, priority, channels)
        Preference.objects.filter(clinician=locked, priority__in=list(wanted)).delete()
        Preference.objects.bulk_create(_rows(locked, wanted))
        history.record(locked)


def replace_many(wanted: Mapping[int, Wanted], *, reason: str = "") -> None:
    """`replace` for many at once, by the clinicians' ids: all of them or, where one is refused, none.

    A dozen queries for each thousand. Each whose history has not what they are now gets one entry, with `reason`.

    Raises:
        ValueError: as `replace` does.
    """
    ids = sorted(wanted)
    with transaction.atomic():
        for start in range(0, len(ids), BATCH):
            _replace_batch({pk: wanted[pk] for pk in ids[start : start + BATCH]}, reason)


def _replace_batch(wanted: Mapping[int, Wanted], reason: str) -> None:
    # In one order, so that two of these never wait for each other.
    locked = list(Clinician.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
    for clinician in locked:
        for priority, channels in wanted[clinician.pk].items():
            _check(clinician, priority, channels)
    for priority in Priority:
        named = [each.pk for each in locked if priority in wanted[each.pk]]
        if named:
            Preference.objects.filter(priority=priority, clinician__in=named).delete()
    Preference.objects.bulk_create([row for each in locked for row in _rows(each, wanted[each.pk])])
    history.record_many(locked, channels_of_many(wanted), reason=reason)


def _rows(clinician: Clinician, wanted: Wanted) -> list[Preference]:
    """What `wanted` is in the database; not stored yet."""
    return [
        Preference(clinician=clinician, priority=priority, position=position, channel=channel)
        for priority, channels in wanted.items()
        for position, channel in enumerate(channels, start=1)
    ]


def _check(clinician: Clinician, priority: Priority, channels: Sequence[Channel]) -> None:
    known = [channel for channel in Channel if clinician.address(channel)]
    faults = repeated(channels) or without_address(channels, known)
    if faults:
        raise ValueError(f"{priority.label}: {' '.join(faults)}")
