"""The route to a clinician now: the channels to try and their addresses, in order."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models

from contacts.choices import Channel, Priority
from contacts.models import Clinician


class NoRoute(models.TextChoices):
    """Why a route is empty, in words for senders and staff."""

    INACTIVE = "inactive", "The clinician is marked as inactive."
    NO_PREFERENCE = "no_preference", "The clinician has no channel chosen for this priority."
    NO_ADDRESS = "no_address", "The clinician has no address for any channel chosen for this priority."


@dataclass(frozen=True)
class Step:
    """A channel to try, and its address."""

    channel: Channel
    address: str


@dataclass(frozen=True)
class Route:
    """The channels to try, in order. If there are none, `reason` says why."""

    steps: tuple[Step, ...]
    reason: NoRoute | None = None


def route(clinician: Clinician, priority: Priority) -> Route:
    """The route for an alert of this priority. One query; none if `preferences` were prefetched."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    channels = [Channel(each.channel) for each in clinician.preferences.all() if each.priority == priority]
    return over(clinician, channels)


def over(clinician: Clinician, channels: Sequence[Channel]) -> Route:
    """The route over these channels. No query: the clinician need not be saved."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    if not channels:
        return Route((), NoRoute.NO_PREFERENCE)
    steps = tuple(
        Step(channel, clinician.address(channel)) for channel in channels if clinician.address(channel)
    )
    return Route(steps) if steps else Route((), NoRoute.NO_ADDRESS)
