"""Whom nobody can reach as their page says: a priority without a channel, or a channel without an address."""

from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Window

from contacts.choices import Channel, Priority
from contacts.models import ADDRESS_FIELDS, Clinician, Preference

EXAMPLES = 5
"""So many are named; the rest are counted."""


@dataclass(frozen=True)
class Unreachable:
    """How many active clinicians there are with something missing, and the first by name: their keys and names."""

    count: int
    examples: tuple[tuple[int, str], ...]


def lacking() -> QuerySet[Clinician]:
    """Active clinicians for whom a priority has no channel, or a channel that was chosen has no address."""
    chosen = Preference.objects.filter(clinician=OuterRef("pk"))
    wanting = Q()
    for priority in Priority:
        wanting |= Q(~Exists(chosen.filter(priority=priority)))
    for channel in Channel:
        wanting |= Q(Exists(chosen.filter(channel=channel)), **{ADDRESS_FIELDS[channel]: ""})
    return Clinician.objects.filter(wanting, active=True)


def unreachable() -> Unreachable:
    """Those whom an alert may miss. One query."""
    rows = list(
        lacking()
        .annotate(count=Window(Count("pk")))
        .order_by("name", "pk")
        .values_list("pk", "name", "count")[:EXAMPLES]
    )
    return Unreachable(rows[0][2] if rows else 0, tuple((pk, name) for pk, name, _count in rows))
