"""Figures of the asking: for how many alerts somebody is asked, for how many nobody is left, and whether relays are
late.
"""

from dataclasses import dataclass

from django.db.models import Count, DurationField, ExpressionWrapper, Min, Q
from django.db.models.functions import Now

from alerts.models import Alert, Loop
from alerts.states import AlertState, LoopOutcome
from contacts.choices import Priority


@dataclass(frozen=True)
class Asking:
    """The loops of alerts with one priority."""

    under_way: int = 0
    """How many of them ask somebody now."""
    exhausted: int = 0
    """How many have nobody left to ask, and an alert that nobody has accepted or ended."""
    unanswered_seconds: float = 0.0
    """The age of the oldest alert that nobody has accepted; 0 if there is none."""
    late_seconds: float = 0.0
    """For how long the longest-due step has waited; 0 if none is due."""


def asking() -> dict[Priority, Asking]:
    """The figures by priority. One query, which reads open loops alone: the number of exhausted ones that were dealt
    with only grows.
    """
    still_open = Q(alert__state=AlertState.OPEN)
    exhausted = Q(outcome=LoopOutcome.EXHAUSTED) & still_open
    seconds = {"output_field": DurationField()}
    # each by its own index, `loop_due` and `alert_unanswered`
    due = Loop.objects.filter(ended_at=None).order_by().values("pk")
    unanswered = Alert.objects.filter(has_loop=True, state=AlertState.OPEN).order_by().values("pk")
    rows = (
        Loop.objects.filter(pk__in=due.union(unanswered))
        .order_by()
        .values_list("alert__priority")
        .annotate(
            under_way=Count("pk", filter=Q(ended_at=None)),
            exhausted=Count("pk", filter=exhausted),
            unanswered=ExpressionWrapper(Now() - Min("alert__created_at", filter=still_open), **seconds),
            late=ExpressionWrapper(Now() - Min("due_at"), **seconds),
        )
    )
    found = {
        Priority(priority): Asking(
            under_way,
            exhausted,
            max(0.0, unanswered.total_seconds()) if unanswered else 0.0,
            max(0.0, late.total_seconds()) if late else 0.0,
        )
        for priority, under_way, exhausted, unanswered, late in rows
    }
    return {priority: found.get(priority, Asking()) for priority in Priority}
