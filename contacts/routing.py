"""The present route to a clinician: the channels to try and their addresses, in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Lower

from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician, EmailSubscription, Obstacle


class NoRoute(models.TextChoices):
    """Why a route is empty, in words for senders and staff."""

    INACTIVE = "inactive", "The clinician is marked as inactive."
    NO_PREFERENCE = "no_preference", "The clinician has no channel chosen for this priority."
    NO_ADDRESS = "no_address", "The clinician has no address for any channel chosen for this priority."
    EMAIL_UNCONFIRMED = (
        "email_unconfirmed",
        "The clinician's e-mail address is not confirmed, and no other channel chosen has an address.",
    )


@dataclass(frozen=True)
class Skipped:
    """A chosen channel that is not tried in its usual place, and why."""

    channel: Channel
    obstacle: ObstacleKind | None = None
    """The obstacle of the address, which is then tried only when nothing else is left. An e-mail address that is not
    confirmed is not tried at all. None: there is no address."""
    since: datetime | None = None
    """Since when the obstacle is known."""

    @property
    def is_left_out(self) -> bool:
        """Whether it is not tried at all."""
        return self.obstacle in (None, ObstacleKind.UNCONFIRMED)


@dataclass(frozen=True)
class Step:
    """A channel to try, and its address."""

    channel: Channel
    address: str
    skipped: tuple[Skipped, ...] = field(default=(), compare=False)
    """The channels that the whole route skips: a delivery for this step can store them for later readers."""


@dataclass(frozen=True)
class Route:
    """The channels to try, in order. If there are none, `reason` says why.

    Addresses with a known obstacle come last: trying in vain is better than giving an alert up. An e-mail address that
    nobody has confirmed is in no route: AWS would deliver nothing to it.
    """

    steps: tuple[Step, ...]
    reason: NoRoute | None = None
    skipped: tuple[Skipped, ...] = ()


def find(contact_id: str) -> Clinician | None:
    """The clinician, with data that saves `route` a query. One query."""
    return looked_up(Clinician.objects.filter(contact_id=contact_id))


def looked_up(chosen: QuerySet[Clinician]) -> Clinician | None:
    """The first of the chosen clinicians, as `find` returns it. One query."""
    found = _with_what_is_known(chosen).first()
    return None if found is None else _noted(found)


def all_looked_up(chosen: QuerySet[Clinician]) -> list[Clinician]:
    """All chosen clinicians, with data that saves `route` every query. Three queries at most."""
    found = [_noted(each) for each in _with_what_is_known(chosen).prefetch_related("preferences")]
    models.prefetch_related_objects([each for each in found if each.may_have_obstacles], "obstacles")
    return found


def _with_what_is_known(chosen: QuerySet[Clinician]) -> QuerySet[Any]:
    subscription = EmailSubscription.objects.filter(
        clinician=OuterRef("pk"), address=Lower(OuterRef("email"))
    )
    return chosen.annotate(
        with_obstacle=Exists(Obstacle.objects.filter(clinician=OuterRef("pk"))),
        email_state=Subquery(subscription.values("state")),
        email_since=Subquery(subscription.values("since")),
    )


def _noted(found: Any) -> Clinician:
    clinician: Clinician = found
    clinician.may_have_obstacles = found.with_obstacle
    known = EmailSubscription(address=found.email.lower(), state=found.email_state, since=found.email_since)
    clinician.found_subscriptions = [known] if found.email_state else []
    return clinician


def route(clinician: Clinician, priority: Priority) -> Route:
    """The route for an alert of this priority.

    Three queries; one less for a clinician from `find`, and for each of `preferences`, `obstacles` and
    `email_subscriptions` that was prefetched.
    """
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    channels = [Channel(each.channel) for each in clinician.preferences.all() if each.priority == priority]
    return over(clinician, channels)


def over(clinician: Clinician, channels: Sequence[Channel]) -> Route:
    """The route over these channels. Two queries at most; none for a clinician who is not saved."""
    if not clinician.active:
        return Route((), NoRoute.INACTIVE)
    if not channels:
        return Route((), NoRoute.NO_PREFERENCE)
    known = clinician.known_obstacles()
    avoided = {
        channel: Skipped(channel, ObstacleKind(each.kind), each.since)
        for channel, each in known.items()
        if obstacles.holds(each)
    }
    steps = [Step(channel, clinician.address(channel)) for channel in channels]
    left_out = _left_out(clinician, channels)
    skipped = tuple(
        left_out.get(channel) or avoided[channel]
        for channel in dict.fromkeys(channels)
        if channel in left_out or channel in avoided
    )
    reachable = [step for step in steps if step.channel not in left_out]
    usable = [step for step in reachable if step.channel not in avoided]
    # Once each: a channel with a known obstacle need not be repeated.
    last = dict.fromkeys(step for step in reachable if step.channel in avoided)
    ordered = tuple(replace(step, skipped=skipped) for step in (*usable, *last))
    return Route(ordered, None if ordered else _why_empty(skipped), skipped)


def _left_out(clinician: Clinician, channels: Sequence[Channel]) -> dict[Channel, Skipped]:
    """The channels that cannot reach the person: without an address, or with one that is not confirmed."""
    found = {channel: Skipped(channel) for channel in channels if not clinician.address(channel)}
    email = Channel.EMAIL
    if email in channels and email not in found:
        known = clinician.email_subscription()
        if known is None or not known.is_confirmed:
            found[email] = Skipped(email, ObstacleKind.UNCONFIRMED, known.since if known else None)
    return found


def _why_empty(skipped: Sequence[Skipped]) -> NoRoute:
    unconfirmed = any(each.obstacle is ObstacleKind.UNCONFIRMED for each in skipped)
    return NoRoute.EMAIL_UNCONFIRMED if unconfirmed else NoRoute.NO_ADDRESS
