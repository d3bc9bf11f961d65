"""What needs the attention of staff, for Home."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, Count, Exists, OuterRef, QuerySet, Value, When
from django.db.models.functions import Now

from alerts.models import Alert, Delivery
from alerts.states import SUCCEEDED, DeliveryState, Reason
from contacts.choices import Channel
from contacts.models import Clinician

UNCONFIRMED_LATELY = timedelta(days=7)
EXAMPLES = 5
"""How many of each kind are named; the rest are only counted."""


class AttentionKind(Enum):
    """A kind of thing that needs attention."""

    FAILED = "failed"
    """Nothing reached anybody."""
    UNKNOWN = "unknown"
    """Nothing is known to have reached anybody, but something may have."""
    UNCONFIRMED = "unconfirmed"
    """Clinicians who have not confirmed their e-mail address."""


@dataclass(frozen=True)
class AttentionGroup:
    """How many there are of a kind, with the keys and names of the first: the newest alerts, or clinicians by name."""

    kind: AttentionKind
    count: int
    examples: tuple[tuple[int, str], ...]


class First(ArrayAgg):
    """The first few of a group's values, in order."""

    template = f"({ArrayAgg.template})[1:{EXAMPLES}]"


def groups() -> list[AttentionGroup]:
    """Everything that needs attention, by kind."""
    found = {AttentionKind(value): rest for value, *rest in _unreached().union(_unconfirmed(), all=True)}
    return [
        AttentionGroup(kind, count, tuple(zip(keys, names, strict=True)))
        for kind in AttentionKind
        for count, keys, names in [found.get(kind, (0, [], []))]
        if count  # the aggregate of an empty set is a row
    ]


def _unreached() -> Any:
    """Alerts that need attention, however old, grouped by whether anything may have arrived."""
    unknown = Delivery.objects.filter(alert=OuterRef("pk"), state=DeliveryState.UNKNOWN)
    kind = Case(
        When(Exists(unknown), then=Value(AttentionKind.UNKNOWN.value)),
        default=Value(AttentionKind.FAILED.value),
    )
    return _grouped(Alert.objects.needing_attention().annotate(kind=kind), "message_id", order="-pk")


def _unconfirmed() -> Any:
    """Clinicians whose latest e-mail failed because they have not confirmed their address."""
    later = Delivery.objects.filter(
        clinician=OuterRef("clinician"),
        address=OuterRef("address"),
        channel=Channel.EMAIL,
        state__in=SUCCEEDED,
        finished_at__gt=OuterRef("finished_at"),
    )
    failed = Delivery.objects.filter(
        ~Exists(later),
        alert__in=Alert.objects.without_tests(),
        clinician=OuterRef("pk"),
        address=OuterRef("email"),
        state=DeliveryState.FAILED,
        reason=Reason.UNCONFIRMED,
        finished_at__gt=Now() - UNCONFIRMED_LATELY,
    )
    people = Clinician.objects.filter(Exists(failed), active=True)
    return _grouped(people.annotate(kind=Value(AttentionKind.UNCONFIRMED.value)), "name", order="name")


def _grouped(found: QuerySet[Any], called: str, *, order: str) -> Any:
    return (
        found.order_by()
        .values_list("kind")
        .annotate(count=Count("pk"), keys=First("pk", order_by=order), names=First(called, order_by=order))
    )
