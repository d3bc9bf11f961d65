"""Problems with how a clinician can be reached: as a database query, and in sentences.

Both agree. An inactive clinician has no problem: no alert should reach them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import BooleanField, Count, Exists, F, Func, OuterRef, Q, Subquery, TextChoices, Window
from django.db.models.functions import Coalesce, Lower
from django.db.models.lookups import LessThan
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


def condition(problem: Problem) -> Q:
    """Active clinicians with this problem."""
    return Q(active=True) & _CONDITIONS[problem]


def any_condition() -> Q:
    """Active clinicians with any problem."""
    return Q(active=True) & reduce(or_, _CONDITIONS.values())


def summary() -> ProblemSummary:
    """Active clinicians with any problem but an address that is not confirmed. One query."""
    return _summary(reduce(or_, (_CONDITIONS[each] for each in Problem if each is not Problem.UNCONFIRMED)))


def unconfirmed() -> ProblemSummary:
    """Active clinicians with e-mail chosen and an address that is not confirmed. One query."""
    return _summary(_CONDITIONS[Problem.UNCONFIRMED])


def _summary(condition: Q) -> ProblemSummary:
    rows = list(
        Clinician.objects.filter(condition, active=True)
        .annotate(count=Window(Count("pk")))
        .order_by("name", "pk")
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
    """A sentence if e-mail does not reach the address. One query where `email_subscriptions` were not prefetched."""
    known = clinician.email_subscription()
    if known is None:
        return [f"E-mail: the subscription {Subscription.WANTED.label}."]
    return [] if known.is_confirmed else [f"E-mail: the subscription {known.get_state_display()}."]


def number_doubts(clinician: Clinician, channels: Collection[Channel]) -> list[str]:
    """A sentence for each of these channels whose number may not do what is asked of it. No query."""
    return [
        f"{channel.label}: this number {doubt.label}."
        for channel in Channel
        if channel in channels and (doubt := clinician.number_doubt(channel))
    ]


def _doubted(channel: Channel) -> Q:
    address, doubt = channel.facts.address_field, f"{channel.value}_doubt"
    return ~Q(**{address: ""}) & ~Q(**{doubt: ""}) & Q(_chosen(channel=channel))


def _blocked(channel: Channel) -> Exists:
    address = OuterRef(channel.facts.address_field)
    return Exists(Obstacle.objects.filter(clinician=OuterRef("pk"), channel=channel, address=address))


def _confirmed() -> Exists:
    subscription = EmailSubscription.objects.filter(
        clinician=OuterRef("pk"), address=Lower(OuterRef("email"))
    )
    return Exists(subscription.filter(state=Subscription.CONFIRMED))


def _chosen(**what: object) -> Exists:
    return Exists(Preference.objects.filter(clinician=OuterRef("pk"), **what))


def _priorities_with_a_channel() -> Coalesce:
    """How many they are, by one look at a clinician's preferences instead of one for each priority."""
    chosen = Preference.objects.filter(clinician=OuterRef("pk")).order_by().values("clinician")
    return Coalesce(Subquery(chosen.values(found=Count("priority", distinct=True))), 0)


class IsComposed(Func):
    """Whether a text is in Unicode's form NFC."""

    template = "%(expressions)s IS NFC NORMALIZED"
    output_field = BooleanField()


# PostgreSQL keeps this order: what the row itself says comes first, and spares nearly all clinicians the look-up.
_CONDITIONS = {
    Problem.NO_CHANNEL: Q(LessThan(_priorities_with_a_channel(), len(Priority))),
    Problem.NO_ADDRESS: reduce(
        or_, (Q(**{channel.facts.address_field: ""}) & Q(_chosen(channel=channel)) for channel in Channel)
    ),
    # Few clinicians have any obstacle, and PostgreSQL knows them from the first on.
    Problem.OBSTACLE: Q(pk__in=Obstacle.objects.order_by().values("clinician"))
    & reduce(or_, (Q(_blocked(channel) & _chosen(channel=channel)) for channel in Channel)),
    Problem.UNCONFIRMED: ~Q(email="") & Q(~_confirmed()) & Q(_chosen(channel=Channel.EMAIL)),
    Problem.NOT_URGENT: Q(
        ~_chosen(priority=Priority.HIGH, channel__in=preferences.URGENT) & _chosen(priority=Priority.HIGH)
    ),
    Problem.DOUBTFUL_NUMBER: reduce(
        or_, (_doubted(each) for each in Channel if each.facts.address_is_number)
    ),
    Problem.NOT_NAMEABLE: Q(contact_id__regex=normal.NEVER_IN_NORMAL) | ~Q(IsComposed(F("contact_id"))),
}
