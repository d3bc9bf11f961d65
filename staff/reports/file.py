"""The report *Answers* as a file: the figures of all its tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from alerts.admin.export.files import Cell
from alerts.answer_report.conditions import Figure
from alerts.answer_report.statistics import Answers, Line
from staff.reports.span import Span

HEADINGS = (
    "By",
    "Group",
    *(str(figure.label) for figure in Figure),
    "Share accepted within the plan's time",
    "Seconds until accepted: half within",
    "Seconds until accepted: 90% within",
    "Seconds until accepted: longest",
)


@dataclass(frozen=True)
class AnswersFile:
    """One row for each row of the tables. A figure that a table does not have is empty."""

    answers: Answers
    span: Span
    by: str
    at: datetime
    title: str = "Answers"
    headings: Sequence[str] = HEADINGS

    def about(self) -> list[tuple[str, str]]:
        """The description of the file: pairs of a heading and its text."""
        return [
            ("Answers exported from Bleep", ""),
            ("Exported", timezone.localtime(self.at).isoformat(sep=" ", timespec="seconds")),
            ("By", self.by),
            ("Alerts received", str(self.span)),
            ("Days", f"in {settings.TIME_ZONE}"),
        ]

    def rows(self) -> Iterator[Sequence[Cell]]:
        """The cells of each row, as `headings` names them."""
        yield _cells("All", "All", self.answers.total)
        for by, lines in self.answers.groups.items():
            yield from (_cells(str(by.label), line.name, line) for line in lines)
        for begin, line in self.answers.over_time.items():
            yield _cells(self.span.unit.capitalize(), self.span.name_of(begin), line)


def _cells(by: str, name: str, line: Line) -> list[Cell]:
    share = line.share_in_time
    return [
        by,
        name,
        *(line.counts.get(figure, "") for figure in Figure),
        "" if share is None else round(share, 4),
        *(_seconds(time) for time in (line.half, line.most, line.longest)),
    ]


def _seconds(time: timedelta | None) -> Cell:
    return "" if time is None else round(time.total_seconds(), 1)
