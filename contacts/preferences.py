"""A clinician's preferences: the channels in order for each priority, and the rules for them."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import capfirst

from contacts import history
from contacts.choices import Channel, Priority
from contacts.models import MAX_STEPS, MAX_TIMES, Clinician, Preference

Wanted = Mapping[Priority, Sequence[Channel]]
"""The channels in order, for some or all priorities."""

BATCH = 1000
"""Clinicians per statement."""

URGENT = frozenset(channel for channel in Channel if channel.facts.is_urgent)


def address_label(channel: Channel) -> str:
    """The label of the channel's address: `number for SMS`."""
    field: Any = Clinician._meta.get_field(channel.facts.address_field)  # noqa: SLF001 - Django's documented API
    return str(field.verbose_name)


def too_many(channels: Sequence[Channel]) -> list[str]:
    """A sentence for each channel that is chosen too often, and one for too many channels in all."""
    found = [
        f"{channel.label} is chosen {channels.count(channel)} times: choose it {MAX_TIMES} times at most."
        for channel in dict.fromkeys(channels)
        if channels.count(channel) > MAX_TIMES
    ]
    if len(channels) > MAX_STEPS:
        found.append(f"{len(channels)} channels are chosen: choose {MAX_STEPS} at most.")
    return found


def without_address(channels: Iterable[Channel], known: Container[Channel]) -> list[str]:
    """A sentence for each channel whose address is not `known`."""
    return [
        f"{channel.label} needs “{capfirst(address_label(channel))}”: fill it in above, or choose another channel."
        for channel in dict.fromkeys(channels)
        if channel not in known
    ]


def risks(priority: Priority, channels: Sequence[Channel]) -> list[str]:
    """A sentence for each choice that is allowed but unsafe. An empty route has its own sentence."""
    if priority is Priority.HIGH and channels and URGENT.isdisjoint(channels):
        return ["High priority without a call or an SMS may not be noticed in time: add one of the two."]
    return []


def warnings(priority: Priority, channels: Sequence[Channel]) -> list[str]:
    """`risks`, and a sentence if there is no channel at all."""
    if not channels:
        return [
            f"No channel for {priority.label}: such alerts will be refused, and the sender gets an error."
        ]
    return risks(priority, channels)


def channels_by_priority(clinician: Clinician) -> dict[Priority, list[Channel]]:
    """The channels to try for each priority, in order. No query if `preferences` were prefetched."""
    chosen: dict[Priority, list[Channel]] = {priority: [] for priority in Priority}
    for preference in clinician.preferences.all():
        chosen[Priority(preference.priority)].append(Channel(preference.channel))
    return chosen


def channels_of_many(clinicians: Collection[int]) -> dict[int, dict[Priority, list[Channel]]]:
    """`channels_by_priority` for many clinicians, by id. One query, without an object for each row."""
    found: dict[int, dict[Priority, list[Channel]]] = {
        pk: {priority: [] for priority in Priority} for pk in clinicians
    }
    rows = Preference.objects.filter(clinician__in=clinicians).order_by("position")
    for pk, priority, channel in rows.values_list("clinician_id", "priority", "channel"):
        found[pk][Priority(priority)].append(Channel(channel))
    return found


def replace(clinician: Clinician, wanted: Wanted) -> None:
    """`replace_many` for one clinician."""
    replace_many({clinician.pk: wanted})


def replace_many(wanted: Mapping[int, Wanted], *, reason: str = "") -> None:
    """Replace the preferences for the priorities in `wanted`, by clinician's id, and record that in the history.

    One transaction, and a dozen queries for each batch. `reason` goes into the entry of each clinician who changed.

    Raises:
        ValueError: a channel is named too often for one priority, or the clinician has no address for it.
    """
    ids = sorted(wanted)
    with transaction.atomic():
        for start in range(0, len(ids), BATCH):
            _replace_batch({pk: wanted[pk] for pk in ids[start : start + BATCH]}, reason)


def _replace_batch(wanted: Mapping[int, Wanted], reason: str) -> None:
    # If two people edit at once, the later change wins as a whole. The order is always the same, so that two never
    # deadlock. The lock leaves the key alone, so that a new alert, whose row refers to the clinician, does not wait.
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
    """The rows for `wanted`, not saved."""
    return [
        Preference(clinician=clinician, priority=priority, position=position, channel=channel)
        for priority, channels in wanted.items()
        for position, channel in enumerate(channels, start=1)
    ]


def _check(clinician: Clinician, priority: Priority, channels: Sequence[Channel]) -> None:
    known = [channel for channel in Channel if clinician.address(channel)]
    faults = too_many(channels) or without_address(channels, known)
    if faults:
        raise ValueError(f"{priority.label}: {' '.join(faults)}")
