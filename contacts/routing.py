"""The route to a clinician now: the channels to try and their addresses, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import models
from django.db.models import Exists, OuterRef

from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician, Obstacle


class NoRoute(models.TextChoices):
    """Why a route is empty, in words for senders and staff."""

    INACTIVE = "inactive", "The clinician is marked as inactive."
    NO_PREFERENCE = "no_preference", "The clinician has no channel chosen for this priority."
    NO_ADDRESS = "no_address", "The clinician has no address for any channel chosen for this priority."


@dataclass(frozen=True)
class Skipped:
    """A chosen channel that is not tried in its place, and why."""

    channel: Channel
    obstacle: ObstacleKind | None = None
    """What the provider said of the address, which is tried only when nothing else is left. None: no address."""
    since: datetime | None = None
    """Since when the obstacle is known."""


@dataclass(frozen=True)
class Step:
    """A channel to try, and its address."""

    channel: Channel
    address: str
    skipped: tuple[Skipped, ...] = field(default=(), compare=False)
    """What the route that it belongs to skips: whoever tries the step can keep that for later readers."""


@dataclass(frozen=True)
class Route:
    """The channels to try, in order. If there are none, `reason` says why.

    Addresses that are known not to work come last: better tried in vain than an alert given up.
    """

    steps: tuple[Step, ...]
    reason: NoRoute | None = None
    skipped: tuple[Skipped, ...] = ()


def find(contact_id: str) -> Clinician | None:
    """The clinician, with what `route` needs to know to save a query. One query."""
    with_obstacle = Exists(Obstacle.objects.filter(clinician=OuterRef("pk")))
    found = Clinician.objects.filter(contact_id=contact_id).annotate(with_obstacle=with_obstacle).first()
    if found is not None:
        found.may_have_obstacles = found.with_obstacle
    return found


def route(clinician: Clinician, priority: Priority) -> Route:
    """The route for an alert of this priority.

    Two queries; one less where `find` saw no obstacle, and for each of `preferences` and `obstacles` prefetched.
    """
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    channels = [Channel(each.channel) for each in clinician.preferences.all() if each.priority == priority]
    return over(clinician, channels)


def over(clinician: Clinician, channels: Sequence[Channel]) -> Route:
    """The route over these channels. One query at most; none for a clinician who is not saved."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    if not channels:
        return Route((), NoRoute.NO_PREFERENCE)
    known = clinician.known_obstacles()
    avoided = {channel: each for channel, each in known.items() if obstacles.holds(each)}
    steps = [Step(channel, clinician.address(channel)) for channel in channels]
    reachable = [step for step in steps if step.address]
    skipped = tuple(
        Skipped(step.channel)
        if not step.address
        else Skipped(step.channel, ObstacleKind(avoided[step.channel].kind), avoided[step.channel].since)
        for step in dict.fromkeys(steps)
        if not step.address or step.channel in avoided
    )
    usable = [step for step in reachable if step.channel not in avoided]
    # Once each: what is known not to work need not be repeated.
    last = dict.fromkeys(step for step in reachable if step.channel in avoided)
    ordered = tuple(replace(step, skipped=skipped) for step in (*usable, *last))
    return Route(ordered, None if ordered else NoRoute.NO_ADDRESS, skipped)
