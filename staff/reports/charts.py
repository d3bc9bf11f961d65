"""The charts of the report *Answers*."""

from collections.abc import Sequence
from datetime import timedelta

from alerts.answer_report.conditions import Dimension, Figure
from alerts.answer_report.statistics import Answers, Line
from staff.reports.span import Span
from theme import charts
from theme.charts import Chart

COLOURS: dict[Figure, str] = {
    Figure.IN_TIME: charts.GREEN,
    Figure.LATE: charts.BLUE,
    Figure.UNDER_WAY: charts.VIOLET,
    Figure.EXHAUSTED: charts.RED,
    Figure.ENDED: charts.GREY,
}
"""The outcomes of an alert: each alert has exactly one of these."""


def of(answers: Answers, span: Span) -> list[Chart]:
    """The charts: outcomes over time and by priority, and how long acceptance took."""
    priorities = answers.groups[Dimension.PRIORITY]
    return [
        _over_time(answers, span),
        Chart(
            "By priority",
            "One bar for each priority, coloured by what became of the alerts. The table has the same numbers.",
            _stacked([line.name for line in priorities], priorities),
            charts.options(stacked=True),
        ),
        Chart(
            "Time until somebody accepted",
            "Two bars for each priority: the minutes within which half of the alerts were accepted, and 90%. The table "
            "has the same times.",
            charts.data(
                [line.name for line in priorities],
                (
                    ("Half within", charts.BLUE, [_minutes(line.half) for line in priorities]),
                    ("90% within", charts.AMBER, [_minutes(line.most) for line in priorities]),
                ),
            ),
            charts.options(stacked=False, unit="minutes"),
        ),
    ]


def _over_time(answers: Answers, span: Span) -> Chart:
    parts = span.parts()
    lines = [answers.over_time.get(begin) for begin in parts]
    return Chart(
        f"Alerts that wanted an answer, by {span.unit}",
        f"One bar for each {span.unit}, coloured by what became of the alerts. A table below has the same numbers.",
        _stacked([span.name_of(begin) for begin in parts], lines),
        charts.options(stacked=True),
    )


def _stacked(names: list[str], lines: Sequence[Line | None]) -> str:
    return charts.data(
        names,
        (
            (str(figure.label), colour, [line.counts[figure] if line else 0 for line in lines])
            for figure, colour in COLOURS.items()
        ),
    )


def _minutes(time: timedelta | None) -> float | None:
    return None if time is None else round(time.total_seconds() / 60, 2)
