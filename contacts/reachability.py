"""Whom nobody can reach as their page says: a priority without a channel, or a channel without an address."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Window

from contacts import problems
from contacts.models import Clinician
from contacts.problems import Problem

EXAMPLES = 5
"""So many are named; the rest are counted."""


@dataclass(frozen=True)
class Unreachable:
    """How many active clinicians there are with something missing, and the first by name: their keys and names."""

    count: int
    examples: tuple[tuple[int, str], ...]


def lacking() -> QuerySet[Clinician]:
    """Active clinicians for whom a priority has no channel, or a channel that was chosen has no address."""
    wanting = problems.condition(Problem.NO_CHANNEL) | problems.condition(Problem.NO_ADDRESS)
    return Clinician.objects.filter(wanting)


def unreachable() -> Unreachable:
    """Those whom an alert may miss. One query."""
    rows = list(
        lacking()
        .annotate(count=Window(Count("pk")))
        .order_by("name", "pk")
        .values_list("pk", "name", "count")[:EXAMPLES]
    )
    return Unreachable(rows[0][2] if rows else 0, tuple((pk, name) for pk, name, _count in rows))
