"""Problems with reaching a clinician: as a database query, and in sentences.

Both agree. An inactive clinician has no problem: no alert should reach them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, TextChoices, Window
from django.db.models.functions import Lower
from django.utils.text import get_text_list

from contacts import obstacles, preferences
from contacts.choices import Channel, ObstacleKind, Priority, Subscription
from contacts.models import Clinician, EmailSubscription, Obstacle, Preference
from spelling import normal

EXAMPLES = 5
"""How many are named; the rest are counted."""


@dataclass(frozen=True)
class ProblemSummary:
    """How many clinicians have a problem, and the keys and names of the first ones."""

    count: int
    examples: tuple[tuple[int, str], ...]


class Problem(TextChoices):
    """A kind of problem."""

    NO_CHANNEL = "no_channel", "No channel for a priority"
    NO_ADDRESS = "no_address", "A channel without its address"
    OBSTACLE = "obstacle", "An address that does not work"
    UNCONFIRMED = "unconfirmed", "An e-mail address that is not confirmed"
    NOT_URGENT = "not_at_once", "High without call or SMS"
    DOUBTFUL_NUMBER = "doubtful_number", "A number that may not work"
    NOT_NAMEABLE = "not_nameable", "Contact ID that no alert can name"


OWN = frozenset(Problem) - {Problem.OBSTACLE, Problem.UNCONFIRMED}
"""Problems that follow from the clinician and their preferences. `Clinician.own_problems` has them."""


def condition(problem: Problem) -> Q:
    """Active clinicians with this problem."""
    return Q(pk__in=_having(problem))


def any_condition() -> Q:
    """Active clinicians with any problem."""
    return _any_of(*Problem)


def summary() -> ProblemSummary:
    """Active clinicians with any problem except an address that is not confirmed. One query."""
    return _summary(_any_of(*(each for each in Problem if each is not Problem.UNCONFIRMED)))


def unconfirmed() -> ProblemSummary:
    """Active clinicians with e-mail chosen and an address that is not confirmed. One query."""
    return _summary(condition(Problem.UNCONFIRMED))


def _summary(condition: Q) -> ProblemSummary:
    rows = list(
        Clinician.objects.filter(condition)
        .annotate(count=Window(Count("pk")))
        .order_by("name", "contact_id")
        .values_list("pk", "name", "count")[:EXAMPLES]
    )
    return ProblemSummary(rows[0][2] if rows else 0, tuple((pk, name) for pk, name, _count in rows))


def sentences(clinician: Clinician) -> list[str]:
    """The clinician's problems, for staff. No query where `preferences`, `obstacles` and
    `email_subscriptions` were prefetched.
    """
    if not clinician.active:
        return []
    chosen = preferences.channels_by_priority(clinician)
    found = []
    without = [priority.label for priority in Priority if not chosen[priority]]
    if without:
        found.append(f"No channel for {get_text_list(without, 'and')}.")
    wanted = {channel for channels in chosen.values() for channel in channels}
    found += [
        f"No {preferences.address_label(channel)}, but {channel.label} is chosen."
        for channel in Channel
        if channel in wanted and not clinician.address(channel)
    ]
    found += [
        f"{channel.label}: {obstacles.in_words(channel, ObstacleKind(each.kind), each.since)}."
        for channel, each in clinician.known_obstacles().items()
        if channel in wanted
    ]
    if Channel.EMAIL in wanted and clinician.email:
        found += subscription_doubts(clinician)
    found += number_doubts(clinician, wanted)
    high = chosen[Priority.HIGH]
    if high and not set(high) & preferences.URGENT:
        found.append("High has neither a call nor an SMS.")
    if normal.without_unwanted(clinician.contact_id) != clinician.contact_id:
        found.append(
            "No alert can name this contact ID: it has characters that cannot be seen, and without them it is somebody "
            "else's. Give this person another one, or make them inactive."
        )
    return found


def subscription_doubts(clinician: Clinician) -> list[str]:
    """A sentence if e-mail does not reach the address. One query if `email_subscriptions` were not prefetched."""
    known = clinician.email_subscription()
    if known is None:
        return [f"E-mail: the subscription {Subscription.WANTED.label}."]
    return [] if known.is_confirmed else [f"E-mail: the subscription {known.get_state_display()}."]


def number_doubts(clinician: Clinician, channels: Collection[Channel]) -> list[str]:
    """A sentence for each of these channels whose number may not be able to do it. No query."""
    return [
        f"{channel.label}: this number {doubt.label}."
        for channel in Channel
        if channel in channels and (doubt := clinician.number_doubt(channel))
    ]


def _any_of(*problems: Problem) -> Q:
    """Clinicians with one of these problems: a union, because with OR PostgreSQL would look at every clinician."""
    own = Clinician.objects.exclude(own_problems=[]).order_by().values("pk")
    elsewhere = [_having(each) for each in problems if each not in OWN]
    return Q(pk__in=own.union(*elsewhere))


def _having(problem: Problem) -> QuerySet[Any, Any]:
    """The keys of active clinicians with this problem, found among the few rows that record it."""
    match problem:
        case Problem.OBSTACLE:
            return _with_obstacle()
        case Problem.UNCONFIRMED:
            return _unconfirmed()
    # The first condition is for the index.
    found = Clinician.objects.exclude(own_problems=[]).filter(own_problems__contains=[problem])
    return found.order_by().values("pk")


def _with_obstacle() -> QuerySet[Any, Any]:
    of_present_address = (
        Q(channel=channel, address=F(f"clinician__{channel.facts.address_field}")) for channel in Channel
    )
    chosen = Preference.objects.filter(clinician=OuterRef("clinician"), channel=OuterRef("channel"))
    found = Obstacle.objects.filter(reduce(or_, of_present_address), Exists(chosen), clinician__active=True)
    return found.order_by().values("clinician")


def _unconfirmed() -> QuerySet[Any, Any]:
    # A subquery for each row: for a join PostgreSQL may read all clinicians.
    whose = Clinician.objects.filter(pk=OuterRef("clinician"), active=True).order_by()
    chosen = Preference.objects.filter(clinician=OuterRef("clinician"), channel=Channel.EMAIL)
    found = EmailSubscription.objects.exclude(state=Subscription.CONFIRMED).filter(
        Exists(chosen), address=Subquery(whose.values_list(Lower("email"))[:1])
    )
    return found.order_by().values("clinician")
