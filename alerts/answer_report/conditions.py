"""The figures of the report *Answers* as conditions. The report counts by them, and the list finds the same alerts by
them.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import (
    DurationField,
    Exists,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from alerts.models import Alert, Engagement, Response
from alerts.states import Effect, EngagementState, LoopOutcome, Proof, ResponseKind
from contacts.choices import Priority
from contacts.lookalikes import departments
from oncall.models import MAX_STEPS, Plan

BY_STAFF, NOBODY = "staff", "nobody"
"""Values for alerts that staff asked about instead of a step, and for alerts without a proof, since nobody accepted."""
MAX_DIGITS = 18
"""Digits of a key that PostgreSQL can compare with a bigint."""


class Figure(models.TextChoices):
    """A figure of the report. The last five together are all alerts that wanted an answer, each once."""

    WANTED = "wanted", "Wanted an answer"
    ACCEPTED = "accepted", "Accepted"
    ESCALATED = "escalated", "Went on to somebody else"
    DECLINED = "declined", "Declined"
    UNDEFINED = "undefined", "No answer in time"
    UNREACHABLE = "unreachable", "Could not be reached"
    IN_TIME = "in-time", "Accepted within the plan's time"
    LATE = "late", "Accepted later"
    EXHAUSTED = "exhausted", "Nobody was left to ask"
    ENDED = "ended", "Ended without an answer"
    UNDER_WAY = "under-way", "Still asked"


class Dimension(models.TextChoices):
    """How alerts are grouped."""

    PRIORITY = "priority", "Priority"
    DEPARTMENT = "department", "Department"
    PLAN = "plan", "Plan"
    STEP = "step", "Step"
    PROOF = "proof", "Proof"


class PlanTime(Func):
    """How much time a frozen plan gives all of its people together."""

    template = (
        "(SELECT make_interval(secs => sum((planned.step ->> 'wait')::double precision))"
        " FROM jsonb_array_elements(%(expressions)s -> 'steps') AS planned (step))"
    )
    output_field = DurationField()


def _accepted_at(lookup: str, loop: str) -> Q:
    """Compares the time of an acceptance with the end of the plan's time."""
    return Q((lookup, F(f"{loop}__created_at") + PlanTime(F(f"{loop}__plan"))))


def _somebody(**found: Any) -> Q:
    return Q(Exists(Engagement.objects.filter(alert=OuterRef("pk"), **found).order_by()))


_ACCEPTED = Q(loop__outcome=LoopOutcome.ACCEPTED)
OF_ALERTS: dict[Figure, Q] = {
    Figure.ACCEPTED: _ACCEPTED,
    Figure.ESCALATED: _somebody(number__gt=1),
    Figure.DECLINED: _somebody(state=EngagementState.DECLINED),
    Figure.UNDEFINED: _somebody(state=EngagementState.UNDEFINED),
    Figure.UNREACHABLE: _somebody(state=EngagementState.UNREACHABLE),
    Figure.IN_TIME: _ACCEPTED & _accepted_at("holder__ended_at__lte", "loop"),
    Figure.LATE: _ACCEPTED & _accepted_at("holder__ended_at__gt", "loop"),
    Figure.EXHAUSTED: Q(loop__outcome=LoopOutcome.EXHAUSTED),
    Figure.ENDED: Q(loop__outcome=LoopOutcome.ENDED),
    Figure.UNDER_WAY: Q(loop__ended_at=None),
}
"""Conditions on `asked_about`. `WANTED` has none, because all of these wanted an answer."""

_TOOK_IT = Q(state=EngagementState.ACCEPTED)
OF_PEOPLE: dict[Figure, Q] = {
    Figure.ACCEPTED: _TOOK_IT,
    Figure.ESCALATED: Q(
        Exists(Engagement.objects.filter(alert=OuterRef("alert"), number__gt=OuterRef("number")).order_by())
    ),
    Figure.DECLINED: Q(state=EngagementState.DECLINED),
    Figure.UNDEFINED: Q(state=EngagementState.UNDEFINED),
    Figure.UNREACHABLE: Q(state=EngagementState.UNREACHABLE),
    Figure.IN_TIME: _TOOK_IT & _accepted_at("ended_at__lte", "alert__loop"),
    Figure.LATE: _TOOK_IT & _accepted_at("ended_at__gt", "alert__loop"),
}
"""The same figures as conditions on people who were asked, for the steps of plans. The other figures say nothing about
a step."""


def asked_about(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    """The alerts that wanted an answer.

    `holder` is the engagement of the person who has the alert, and `proof` is how Bleep knows that they accepted.
    """
    holds = FilteredRelation("engagements", condition=Q(engagements__state=EngagementState.ACCEPTED))
    accepted = Response.objects.filter(engagement=OuterRef("holder__pk"), kind=ResponseKind.ACCEPT)
    given = accepted.filter(effect=Effect.APPLIED).order_by("-id")  # the latest, if somebody accepted twice
    proof = Coalesce(Subquery(given.values("proof")[:1]), Value(NOBODY))
    return alerts.filter(has_loop=True).alias(holder=holds, proof=proof)


@dataclass(frozen=True)
class Counted:
    """The alerts that one number of the report counts."""

    figure: Figure
    by: Dimension | None = None
    value: str = ""
    """The group of that dimension."""

    def __str__(self) -> str:
        """The text for an address: `declined.step.2`."""
        return ".".join([self.figure, *([self.by, self.value] if self.by else [])])

    @classmethod
    def read(cls, written: str) -> "Counted | None":
        """Reads what `str` writes. None for any other text."""
        figure, _dot, rest = written.partition(".")
        by, _dot, value = rest.partition(".")
        if figure not in Figure or (by and by not in Dimension):
            return None
        found = cls(Figure(figure), Dimension(by) if by else None, value)
        return found if found._is_known() else None

    def _is_known(self) -> bool:
        match self.by:
            case None:
                return not self.value
            case Dimension.PRIORITY:
                return self.value in Priority
            case Dimension.DEPARTMENT:
                return "\0" not in self.value
            case Dimension.PLAN:
                return self.value.isdecimal() and len(self.value) <= MAX_DIGITS
            case Dimension.STEP:
                counts = self.figure in (Figure.WANTED, *OF_PEOPLE)
                return counts and self.value in (BY_STAFF, *map(str, range(1, MAX_STEPS + 1)))
            case Dimension.PROOF:
                return self.value == NOBODY or self.value in Proof

    def of(self, alerts: QuerySet[Alert]) -> QuerySet[Alert]:
        """The alerts among these that are counted."""
        found = asked_about(alerts)
        if self.by is Dimension.STEP:
            return found.filter(self._at_step())
        return found.filter(OF_ALERTS.get(self.figure, Q()), self._in_group())

    def _at_step(self) -> Q:
        asked = Engagement.objects.filter(alert=OuterRef("pk")).order_by()
        number = None if self.value == BY_STAFF else int(self.value) - 1
        return Q(Exists(asked.filter(OF_PEOPLE.get(self.figure, Q()), step=number)))

    def _in_group(self) -> Q:
        found = Q()
        match self.by:
            case Dimension.PRIORITY:
                found = Q(priority=self.value)
            case Dimension.DEPARTMENT if self.value:
                found = Q(clinician__in=departments.members_of([self.value]))
            case Dimension.DEPARTMENT:
                found = Q(clinician__department="")
            case Dimension.PLAN:
                found = Q(loop__plan__plan_id=int(self.value))
            case Dimension.PROOF:
                found = Q(proof=self.value)
        return found

    def in_words(self) -> str:
        """`Declined, Step 2`. One query for a plan."""
        which = self._value_in_words()
        return f"{self.figure.label}, {which}" if which else str(self.figure.label)

    def _value_in_words(self) -> str:
        if self.by is None:
            return ""
        if self.by is Dimension.PLAN:
            names = Plan.objects.filter(pk=int(self.value)).values_list("name", flat=True)
            return f"plan “{names.first() or self.value}”"
        return name_of(self.by, self.value)


def name_of(by: Dimension, value: str) -> str:
    """The title of a group. Plans have names of their own."""
    match by:
        case Dimension.PRIORITY:
            return str(Priority(value).label)
        case Dimension.DEPARTMENT:
            return value or "No department"
        case Dimension.STEP:
            return "Asked by staff" if value == BY_STAFF else f"Step {value}"
        case Dimension.PROOF:
            return "Nobody accepted" if value == NOBODY else str(Proof(value).label)
    return value
