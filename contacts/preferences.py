"""Reading and replacing a clinician's preferences as a whole: for each priority the channels, in order."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import prefetch_related_objects

from contacts import history
from contacts.choices import Channel, Priority
from contacts.models import Clinician, Preference

BATCH = 1000
"""How many clinicians are changed by one statement."""


def channels_by_priority(clinician: Clinician) -> dict[Priority, list[Channel]]:
    """For each priority the channels to try, in order; an empty list where nothing was chosen.

    No query where the clinician's `preferences` were prefetched.
    """
    chosen: dict[Priority, list[Channel]] = {priority: [] for priority in Priority}
    for preference in clinician.preferences.all():
        chosen[Priority(preference.priority)].append(Channel(preference.channel))
    return chosen


def replace(clinician: Clinician, wanted: Mapping[Priority, Sequence[Channel]]) -> None:
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
        Preference.objects.bulk_create(
            Preference(clinician=locked, priority=priority, position=position, channel=channel)
            for priority, channels in wanted.items()
            for position, channel in enumerate(channels, start=1)
        )
        history.record(locked)


def replace_many(wanted: Mapping[int, Mapping[Priority, Sequence[Channel]]], *, reason: str = "") -> None:
    """`replace` for many at once, by the clinicians' ids: all of them or, where one is refused, none.

    A dozen queries for each thousand. Each whose history has not what they are now gets one entry, with `reason`.

    Raises:
        ValueError: as `replace` does.
    """
    ids = sorted(wanted)
    with transaction.atomic():
        for start in range(0, len(ids), BATCH):
            _replace_batch({pk: wanted[pk] for pk in ids[start : start + BATCH]}, reason)


def _replace_batch(wanted: Mapping[int, Mapping[Priority, Sequence[Channel]]], reason: str) -> None:
    # In one order, so that two of these never wait for each other.
    locked = list(Clinician.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
    for clinician in locked:
        for priority, channels in wanted[clinician.pk].items():
            _check(clinician, priority, channels)
    for priority in Priority:
        named = [each.pk for each in locked if priority in wanted[each.pk]]
        if named:
            Preference.objects.filter(priority=priority, clinician__in=named).delete()
    Preference.objects.bulk_create(
        Preference(clinician=clinician, priority=priority, position=position, channel=channel)
        for clinician in locked
        for priority, channels in wanted[clinician.pk].items()
        for position, channel in enumerate(channels, start=1)
    )
    prefetch_related_objects(locked, "preferences")
    history.record_many(locked, reason=reason)


def _check(clinician: Clinician, priority: Priority, channels: Sequence[Channel]) -> None:
    if len(set(channels)) != len(channels):
        raise ValueError(f"{priority.label}: a channel stands twice.")
    for channel in channels:
        if not clinician.address(channel):
            raise ValueError(f"{priority.label}: there is no address for {channel.label}.")
