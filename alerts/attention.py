"""The alerts that need the attention of staff, for Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Sum, When, Window
from django.db.models.functions import RowNumber

from alerts.models import UNANSWERED, Alert, AlertAction, Delivery, Engagement
from alerts.states import NEEDS_REASON, DeliveryState, EngagementState, Reason
from contacts.choices import Priority
from contacts.models import Clinician
from oncall.plans import FrozenPlan

EXAMPLES = 5
"""How many of each other kind Home names; the rest are counted."""
NAMED = 10
"""How many alerts Home names. The list has all."""
KNOWN = 500
"""How many keys of alerts Home keeps, so that a browser notices a new one."""


@dataclass(frozen=True)
class NamedAlert:
    """An alert that Home names."""

    key: int
    priority: Priority
    name: str
    department: str
    received_at: datetime


@dataclass(frozen=True)
class UnreachedAlert(NamedAlert):
    """An alert that needs attention."""

    reason: Reason
    """Why the last channel failed."""
    in_doubt: bool
    """Whether it may have arrived."""


@dataclass(frozen=True)
class Unreached:
    """The alerts that need attention."""

    failed: int
    in_doubt: int
    """How many failed, and how many may have arrived."""
    first: tuple[UnreachedAlert, ...]
    """The alerts to look at first: High before the others, then the oldest."""
    high: tuple[int, ...]
    """The keys of those with High priority, by which a browser notices a new one."""


def unreached() -> Unreached:
    """The alerts that need attention, however old. One query."""
    urgency = Case(*[When(priority=each, then=place) for place, each in enumerate(Priority)])
    ended_badly = Delivery.objects.filter(alert=OuterRef("pk"), state__in=NEEDS_REASON, notice="")
    unknown = Subquery(ended_badly.filter(state=DeliveryState.UNKNOWN).order_by().values("state")[:1])
    found = (
        Alert.objects.needing_attention()
        .filter(has_loop=False)  # the others are among `unanswered`
        .alias(unknown=unknown)
        .annotate(
            reason=Subquery(ended_badly.order_by("-round", "-created_at").values("reason")[:1]),
            # One row each: PostgreSQL may answer `Exists` by reading all deliveries.
            is_doubtful=Case(When(Q(unknown__isnull=False), then=True), default=False),
            total=Window(Count("pk")),
            doubtful=Window(Sum(Case(When(is_doubtful=True, then=1), default=0))),
        )
    )
    fields = (
        "pk",
        "priority",
        "clinician__name",
        "clinician__department",
        "created_at",
        "reason",
        "is_doubtful",
    )
    rows = list(found.order_by(urgency, "created_at", "pk").values_list(*fields, "total", "doubtful")[:KNOWN])
    total, doubtful = rows[0][-2:] if rows else (0, 0)
    return Unreached(
        failed=total - doubtful,
        in_doubt=doubtful,
        first=tuple(
            UnreachedAlert(
                key, Priority(priority), name, department, received_at, Reason(reason), is_doubtful
            )
            for key, priority, name, department, received_at, reason, is_doubtful, *_ in rows[:NAMED]
        ),
        high=tuple(key for key, priority, *_ in rows if priority == Priority.HIGH),
    )


@dataclass(frozen=True)
class UnansweredAlert(NamedAlert):
    """An alert that nobody has taken on."""

    exhausted: bool
    """Whether nobody is left to ask."""
    asked: str
    """The person who is asked now; empty if nobody is."""
    until: datetime | None
    """When the next step begins."""
    following: str
    """The person whom the plan asks next; empty at the end of the plan."""


@dataclass(frozen=True)
class Unanswered:
    """The alerts that somebody was asked to take on, and nobody has."""

    exhausted: int
    asked: int
    """How many alerts have nobody left to ask, and about how many somebody is asked."""
    first: tuple[UnansweredAlert, ...]
    """The first alerts of each kind to look at: High before the others, then the oldest."""
    high: tuple[int, ...]
    """The keys of the High alerts that have nobody left to ask."""


def unanswered() -> Unanswered:
    """The alerts that nobody has taken on, however old.

    One query, by the index `alert_unanswered`; one more for the names of those whom plans ask next by name.
    """
    urgency = Case(*[When(priority=each, then=place) for place, each in enumerate(Priority)])
    asked = Engagement.objects.filter(alert=OuterRef("pk"), state=EngagementState.ASKED)
    found = Alert.objects.filter(UNANSWERED).annotate(
        exhausted=Case(When(loop__ended_at=None, then=False), default=True),
        asked=Subquery(asked.order_by("-number").values("clinician__name")[:1]),
        total=Window(Count("pk")),
        without=Window(Count("pk", filter=Q(loop__ended_at__isnull=False))),
        place=Window(RowNumber(), partition_by=F("exhausted"), order_by=(urgency, F("created_at"), F("pk"))),
    )
    rows = list(
        found.order_by("place", "-exhausted").values_list(
            "pk",
            "priority",
            "clinician__name",
            "clinician__department",
            "created_at",
            "exhausted",
            "asked",
            "loop__due_at",
            "loop__next_step",
            "loop__plan",
            "total",
            "without",
            named=True,
        )[:KNOWN]
    )
    first = [
        row for ended in (True, False) for row in [each for each in rows if each.exhausted is ended][:NAMED]
    ]
    following = _following(first)
    return Unanswered(
        exhausted=rows[0].without if rows else 0,
        asked=rows[0].total - rows[0].without if rows else 0,
        first=tuple(
            UnansweredAlert(
                row.pk,
                Priority(row.priority),
                row.clinician__name,
                row.clinician__department,
                row.created_at,
                exhausted=row.exhausted,
                asked=row.asked or "",
                until=row.loop__due_at,
                following=following[row.pk],
            )
            for row in first
        ),
        high=tuple(row.pk for row in rows if row.exhausted and row.priority == Priority.HIGH),
    )


def _following(rows: Sequence[Any]) -> dict[int, str]:
    """By alert: the person whom the plan asks next, whether or not they can be reached; empty if nobody is left."""
    ahead = {row.pk: FrozenPlan.from_json(row.loop__plan).steps[row.loop__next_step :] for row in rows}
    keys = {steps[0].clinician_id for steps in ahead.values() if steps and steps[0].clinician_id}
    names = dict(Clinician.objects.filter(pk__in=keys).values_list("pk", "name")) if keys else {}
    return {
        row.pk: names.get(ahead[row.pk][0].clinician_id or 0, row.clinician__name) if ahead[row.pk] else ""
        for row in rows
    }


def done_about(keys: Sequence[int]) -> dict[int, list[AlertAction]]:
    """What staff have done about these alerts up to now, in order. One query."""
    found: dict[int, list[AlertAction]] = {key: [] for key in keys}
    records = AlertAction.objects.filter(alert__in=keys).order_by("pk")
    for record in records.select_related("by", "sent_on_as__clinician", "asked__clinician"):
        found[record.alert_id].append(record)
    return found
