"""What a clinician's preferences come to right now. Pure reads: nothing here knows of alerts."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from contacts.choices import Channel, Priority
from contacts.models import Clinician


class NoRoute(models.TextChoices):
    """Why nobody can be reached, in words for the sender and for staff."""

    INACTIVE = "inactive", "The clinician is marked as inactive."
    NO_PREFERENCE = "no_preference", "The clinician has no channel chosen for this priority."
    NO_ADDRESS = "no_address", "The clinician has no address for any channel chosen for this priority."


@dataclass(frozen=True)
class Step:
    """One channel to try, and the address on it."""

    channel: Channel
    address: str


@dataclass(frozen=True)
class Route:
    """The channels to try, in order; where there are none, `reason` says why."""

    steps: tuple[Step, ...]
    reason: NoRoute | None = None


def route(clinician: Clinician, priority: Priority) -> Route:
    """The way to reach `clinician` for an alert of this priority. One query; none where `preferences` were fetched."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    channels = [Channel(each.channel) for each in clinician.preferences.all() if each.priority == priority]
    return over(clinician, channels)


def over(clinician: Clinician, channels: Sequence[Channel]) -> Route:
    """The way over these channels, be they kept or only considered. No query: the clinician need not be stored."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    if not channels:
        return Route((), NoRoute.NO_PREFERENCE)
    steps = tuple(
        Step(channel, clinician.address(channel)) for channel in channels if clinician.address(channel)
    )
    return Route(steps) if steps else Route((), NoRoute.NO_ADDRESS)
