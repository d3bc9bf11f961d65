"""The tables of the report *Answers*. Each number links to the alerts that it counts."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.urls import reverse

from alerts.answer_report.conditions import Counted, Dimension, Figure
from alerts.answer_report.statistics import Answers, Line
from staff.reports.span import Span
from theme.times import duration

HALF, MOST, LONGEST = "Half within", "90% within", "Longest"
"""Headings of times from the alert until its acceptance."""
BEFORE_TIMES = (Figure.WANTED, Figure.ACCEPTED)
AFTER_TIMES = (
    Figure.IN_TIME,
    Figure.LATE,
    Figure.ESCALATED,
    Figure.DECLINED,
    Figure.UNDEFINED,
    Figure.UNREACHABLE,
    Figure.EXHAUSTED,
    Figure.ENDED,
    Figure.UNDER_WAY,
)
HEADINGS: dict[Figure, str] = {
    Figure.WANTED: "Wanted an answer",
    Figure.ACCEPTED: "Accepted",
    Figure.IN_TIME: "In the plan's time",
    Figure.LATE: "Later",
    Figure.ESCALATED: "Went on",
    Figure.DECLINED: "Declined",
    Figure.UNDEFINED: "No answer in time",
    Figure.UNREACHABLE: "Not reached",
    Figure.EXHAUSTED: "Nobody left",
    Figure.ENDED: "Ended",
    Figure.UNDER_WAY: "Still asked",
}
HEAD = (
    *(HEADINGS[each] for each in BEFORE_TIMES),
    HALF,
    MOST,
    LONGEST,
    *(HEADINGS[each] for each in AFTER_TIMES),
)


@dataclass(frozen=True)
class Cell:
    """A number, or a time."""

    text: str
    url: str = ""
    """The link to the alerts that it counts; empty if there are none."""
    label: str = ""
    """The cell with its row and column, for screen readers."""


@dataclass(frozen=True)
class Row:
    """One line of figures."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """The rows of one dimension."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Table:
    """Groups with the same columns."""

    key: str
    title: str
    groups: tuple[Group, ...]
    head: tuple[str, ...] = HEAD


def of(answers: Answers, span: Span) -> Table:
    """The tables: all alerts, then by each dimension."""
    groups = [
        Group(f"By {by.label.lower()}", tuple(_row(line.name, line, span, by) for line in lines))
        for by, lines in answers.groups.items()
    ]
    together = Group("All together", (_row("All", answers.total, span, None),))
    return Table("figures", "Figures", (together, *groups))


def over_time(answers: Answers, span: Span) -> Table:
    """The table by day or month."""
    rows = tuple(
        _row(span.name_of(begin), line, span.within(begin), None) for begin, line in answers.over_time.items()
    )
    return Table("time", f"Figures by {span.unit}", (Group("", rows),))


def _row(name: str, line: Line, span: Span, by: Dimension | None) -> Row:
    def number(figure: Figure) -> Cell:
        count = line.counts.get(figure)
        if count is None:  # it says nothing about a step
            return Cell("")
        share = line.share_in_time if figure is Figure.IN_TIME else None
        text = f"{count:,}" if share is None else f"{count:,} ({share:.0%})"
        if not count:
            return Cell(text)
        counted = Counted(figure, by, line.value if by else "")
        return Cell(text, listed(counted, span), f"{name}, {figure.label}: {text}. Show them.")

    def time(heading: str, took: timedelta | None, url: str) -> Cell:
        if took is None:
            return Cell("–")
        return Cell(duration(took), url, f"{name}, {heading}: {duration(took)}. Show what was accepted.")

    accepted = number(Figure.ACCEPTED)
    slowest = line.longest_key and reverse("admin:alerts_alert_change", args=[line.longest_key])
    return Row(
        name,
        (
            number(Figure.WANTED),
            accepted,
            time(HALF, line.half, accepted.url),
            time(MOST, line.most, accepted.url),
            time(LONGEST, line.longest, slowest or ""),
            *(number(figure) for figure in AFTER_TIMES),
        ),
    )


def listed(counted: Counted, span: Span) -> str:
    """The link to the list of exactly the alerts that a number counts."""
    return f"{reverse('admin:alerts_alert_changelist')}?{query(counted, span)}"


def query(counted: Counted, span: Span) -> str:
    """The query of the list's filters for a number."""
    return urlencode({"answers": str(counted), **span.of_list()})
