"""What needs the attention of staff, for Home."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, OuterRef, Q, Subquery, Sum, When, Window

from alerts.models import Alert, AlertAction, Delivery
from alerts.states import NEEDS_REASON, DeliveryState, Reason
from contacts.choices import Priority

EXAMPLES = 5
"""How many of each other kind are named; the rest are only counted."""
NAMED = 10
"""How many alerts Home names. The list has all."""
KNOWN = 500
"""How many alerts are told apart, so that a new one is noticed."""


@dataclass(frozen=True)
class UnreachedAlert:
    """An alert that needs attention."""

    key: int
    priority: Priority
    name: str
    department: str
    received_at: datetime
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
    """The first to look at: High before the rest, the oldest first."""
    high: tuple[int, ...]
    """The keys of those with High priority, by which a browser notices a new one."""


def unreached() -> Unreached:
    """The alerts that need attention, however old. One query."""
    urgency = Case(*[When(priority=each, then=place) for place, each in enumerate(Priority)])
    ended_badly = Delivery.objects.filter(alert=OuterRef("pk"), state__in=NEEDS_REASON, notice="")
    unknown = Subquery(ended_badly.filter(state=DeliveryState.UNKNOWN).order_by().values("state")[:1])
    found = (
        Alert.objects.needing_attention()
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


def done_about(keys: Sequence[int]) -> dict[int, list[AlertAction]]:
    """What staff have done about these alerts up to now, in order. One query."""
    found: dict[int, list[AlertAction]] = {key: [] for key in keys}
    records = AlertAction.objects.filter(alert__in=keys).order_by("pk")
    for record in records.select_related("by", "sent_on_as__clinician", "asked__clinician"):
        found[record.alert_id].append(record)
    return found
