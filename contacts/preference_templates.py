"""Applying a template of preferences to many clinicians: to each as far as they have the addresses for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, PreferenceTemplate


@dataclass(frozen=True)
class Effect:
    """What a template comes to for one clinician."""

    clinician: Clinician
    wanted: dict[Priority, list[Channel]]
    """The channels that they get. A priority that is not named stays as it is."""
    missing: dict[Priority, list[Channel]]
    """The template's channels for which they have no address."""
    changes: bool
    """Whether any of it is other than what they have."""

    @property
    def kept(self) -> list[Priority]:
        """Priorities that stay as they are since no channel of the template's has an address: better than none."""
        return [priority for priority in self.missing if priority not in self.wanted]


def effects(template: PreferenceTemplate, clinicians: Iterable[Clinician]) -> list[Effect]:
    """What `apply` would do. No query where the clinicians' `preferences` were prefetched."""
    return [_effect(template, clinician) for clinician in clinicians]


def apply(template: PreferenceTemplate, clinicians: QuerySet[Clinician], by: Any) -> list[Effect]:
    """Give these clinicians the template's preferences, all or none, with an entry in the history of each that changes.

    A channel without an address is left out, and a priority for which none is left stays as it is: nobody becomes
    unreachable by a template. `by` is the user who does it. A dozen queries for each thousand.
    """
    with transaction.atomic():
        # In one order everywhere, so that two who do this at once wait for each other instead of both failing.
        locked = Clinician.objects.filter(pk__in=clinicians.values("pk")).order_by("pk")
        found = effects(template, locked.select_for_update(no_key=True).prefetch_related("preferences"))
        wanted = {effect.clinician.pk: effect.wanted for effect in found if effect.changes}
        preferences.replace_many(wanted, by=by, reason=f"Template: {template.name}")
    return found


def _effect(template: PreferenceTemplate, clinician: Clinician) -> Effect:
    wanted: dict[Priority, list[Channel]] = {}
    missing: dict[Priority, list[Channel]] = {}
    for priority, channels in template.wanted().items():
        there = [channel for channel in channels if clinician.address(channel)]
        if there:
            wanted[priority] = there
        if len(there) < len(channels):
            missing[priority] = [channel for channel in channels if channel not in there]
    has = preferences.channels_by_priority(clinician)
    changes = any(has[priority] != channels for priority, channels in wanted.items())
    return Effect(clinician, wanted, missing, changes)
