"""The statistics of the report *Answers*, each counted by the condition by which the list finds its alerts.

Three statements, whatever the span of time: the departments, the alerts, and the people who were asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Func,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Trunc
from django.utils import timezone

from alerts.answer_report.conditions import (
    BY_STAFF,
    NOBODY,
    OF_ALERTS,
    OF_PEOPLE,
    Dimension,
    Figure,
    asked_about,
    name_of,
)
from alerts.models import Engagement
from alerts.models.alert import AlertQuerySet
from alerts.states import EngagementState, Proof
from contacts.choices import Priority
from contacts.lookalikes import departments

ALL, OVER_TIME = "", "at"
"""Columns besides the dimensions: one without grouping, and one by day or month."""
BY_ALERT = (
    Dimension.PRIORITY.value,
    Dimension.DEPARTMENT.value,
    Dimension.PLAN.value,
    Dimension.PROOF.value,
    OVER_TIME,
)

# All groupings in one pass. Spellings of one department are one group. The names are our own, so no input is in the
# SQL.
STATEMENT = """
SELECT GROUPING({columns}), {columns}, {counts},
    percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY took), max(took),
    (array_agg(key ORDER BY took DESC) FILTER (WHERE took IS NOT NULL))[1],
    (array_agg(name ORDER BY key DESC))[1]
FROM (
    SELECT facts.*, coalesce(known.department, '') AS department
    FROM ({facts}) AS facts
    LEFT JOIN unnest(%s::text[], %s::text[]) AS known (spelling, department) USING (spelling)
) AS facts
GROUP BY GROUPING SETS ((), {sets})
"""


@dataclass(frozen=True)
class Line:
    """The figures of one group of alerts, or of all alerts."""

    value: str
    name: str
    counts: Mapping[Figure, int]
    half: timedelta | None
    """The time from the alert to its acceptance that half of the accepted alerts did not exceed."""
    most: timedelta | None
    """The time that 90% did not exceed."""
    longest: timedelta | None
    longest_key: int | None
    """The key of the alert with the longest time."""

    @property
    def share_in_time(self) -> float | None:
        """The share of alerts that were accepted within the plan's time, from 0 to 1."""
        wanted = self.counts[Figure.WANTED]
        return self.counts[Figure.IN_TIME] / wanted if wanted else None


Groups = dict[str, dict[str, Line]]
"""By the grouping's column and the group's value."""


_NOTHING = Line("", ALL, dict.fromkeys(Figure, 0), None, None, None, None)


@dataclass(frozen=True)
class Answers:
    """The figures of all alerts, and of each group."""

    total: Line
    groups: Mapping[Dimension, Sequence[Line]]
    over_time: Mapping[date, Line]
    """By day, or by the first day of the month."""


def read(alerts: AlertQuerySet, *, unit: str) -> Answers:
    """The figures of these alerts, over time by `unit`: `day` or `month`."""
    try:
        found, steps = _of_alerts(alerts, unit), _of_steps(alerts)[Dimension.STEP]
    except EmptyResultSet:  # Django knows without a query that there are none
        return Answers(_NOTHING, dict.fromkeys(Dimension, ()), {})
    numbers = sorted((value for value in steps if value != BY_STAFF), key=int)
    return Answers(
        total=found[ALL][""],
        groups={
            Dimension.PRIORITY: _in_order(found[Dimension.PRIORITY], Priority.values),
            Dimension.DEPARTMENT: _by_name(found[Dimension.DEPARTMENT]),
            Dimension.PLAN: _by_name(found[Dimension.PLAN]),
            Dimension.STEP: _in_order(steps, [*numbers, BY_STAFF]),
            Dimension.PROOF: _in_order(found[Dimension.PROOF], [*Proof.values, NOBODY]),
        },
        over_time={date.fromisoformat(day): line for day, line in sorted(found[OVER_TIME].items())},
    )


def _in_order(lines: Mapping[str, Line], order: Iterable[str]) -> list[Line]:
    return [lines[value] for value in order if value in lines]


def _by_name(lines: Mapping[str, Line]) -> list[Line]:
    """Groups without a value come last."""
    return sorted(lines.values(), key=lambda line: (not line.value, line.name.casefold()))


def _of_alerts(alerts: AlertQuerySet, unit: str) -> Groups:
    zone = timezone.get_current_timezone()
    began = Trunc("created_at", unit, output_field=DateTimeField(), tzinfo=zone)
    columns = {
        "key": F("pk"),
        "name": _of_plan("name"),
        "plan": _of_plan("plan_id"),
        "spelling": F("clinician__department"),
        OVER_TIME: Cast(Cast(began, DateField()), TextField()),
        "took": ExpressionWrapper(F("holder__ended_at") - F("created_at"), DurationField()),
        **_flags(OF_ALERTS),
    }
    facts = asked_about(alerts).order_by().annotate(proof=F("proof"), **columns)
    found = facts.values("priority", "proof", *columns)
    return _counted(found, BY_ALERT, OF_ALERTS, count="count(*)", spellings=departments.known())


def _of_steps(alerts: AlertQuerySet) -> Groups:
    """Groups by the people who were asked. Staff may ask several people about one alert."""
    people = Engagement.objects.filter(alert__in=alerts.filter(has_loop=True).order_by().values("pk"))
    took = ExpressionWrapper(F("ended_at") - F("alert__created_at"), DurationField())
    columns = {
        "key": F("alert_id"),
        "name": Value(""),
        "spelling": Value(""),
        "took": Case(When(state=EngagementState.ACCEPTED, then=took)),
        **_flags(OF_PEOPLE),
    }
    facts = people.order_by().annotate(**columns).values("step", *columns)
    return _counted(facts, (Dimension.STEP.value,), OF_PEOPLE, count="count(DISTINCT key)", spellings=[])


def _of_plan(key: str) -> Func:
    return Func(F("loop__plan"), template=f"(%(expressions)s ->> '{key}')", output_field=TextField())


def _flags(conditions: Mapping[Figure, Q]) -> dict[str, Case]:
    return {
        figure.name.lower(): Case(When(condition, then=True), default=False)
        for figure, condition in conditions.items()
    }


def _counted(
    facts: QuerySet[Any],
    columns: Sequence[str],
    conditions: Mapping[Figure, Q],
    *,
    count: str,
    spellings: list[str],
) -> Groups:
    """The lines of each grouping, by the value of its column."""
    first: dict[str, str] = {}
    names = [first.setdefault(departments.fold(spelling), spelling) for spelling in spellings]
    sql, values = facts.query.sql_with_params()
    flags = ["TRUE", *(figure.name.lower() for figure in conditions)]
    statement = STATEMENT.format(
        columns=", ".join(columns),
        counts=", ".join(f"{count} FILTER (WHERE {flag})" for flag in flags),
        facts=sql,
        sets=", ".join(f"({column})" for column in columns),
    )
    found: Groups = {column: {} for column in (ALL, *columns)}
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, spellings, names])
        for left_out, *row in cursor:
            by, value = _group(columns, left_out, row[: len(columns)])
            found[by][value] = _line(by, value, row[len(columns) :], [Figure.WANTED, *conditions])
    return found


def _group(columns: Sequence[str], left_out: int, values: Sequence[Any]) -> tuple[str, str]:
    """The column and the value of a group. `left_out` has a bit for each column that the row is not grouped by."""
    for place, (column, value) in enumerate(zip(columns, values, strict=True)):
        if not left_out >> (len(columns) - 1 - place) & 1:
            return column, _step(value) if column == Dimension.STEP else value
    return ALL, ""


def _step(number: int | None) -> str:
    """The number of a step as people count, from 1."""
    return BY_STAFF if number is None else str(number + 1)


def _line(by: str, value: str, row: Sequence[Any], figures: Sequence[Figure]) -> Line:
    counts, (within, longest, longest_key, plan) = row[: len(figures)], row[len(figures) :]
    half, most = within or (None, None)
    name = plan if by == Dimension.PLAN else name_of(Dimension(by), value) if by in Dimension else value
    return Line(value, name, dict(zip(figures, counts, strict=True)), half, most, longest, longest_key)
