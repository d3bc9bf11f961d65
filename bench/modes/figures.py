"""The figures of a run, and tables of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from bench.report import percentile

KNOWN = 200
"""The status of an answer that has the outcome."""


class Mode(StrEnum):
    """How a sender sends."""

    AT_ONCE = "202 at once"
    WAIT = "Prefer: wait"


@dataclass(frozen=True)
class Sent:
    """One alert. Times are in seconds."""

    at: float
    """Since the run began."""
    answered: float
    """From the first POST to the answer."""
    status: int
    """The status of the answer; 0 if there was none."""
    said: str
    """The alert's status in the answer."""
    busy: int
    """How many answers before it said that Bleep is too busy (503), and when to send again."""
    handset: float | None
    """From the first POST to the handset; None if it did not get there."""


class Spread(NamedTuple):
    """Percentiles of times, in milliseconds."""

    p50: float
    p95: float
    p99: float


def spread(seconds: Sequence[float]) -> Spread:
    """The percentiles of times that are given in seconds."""
    return Spread(*(round(percentile(seconds, each) * 1000) for each in (50, 95, 99)))


@dataclass(frozen=True)
class Figures:
    """The figures of a run."""

    mode: Mode
    per_second: int
    posts: int
    known: int
    """Answers with the outcome."""
    busy: int
    """Answers with 503, after which the same was sent again."""
    errors: int
    """Alerts with no 2xx in the end."""
    answer: Spread
    handset: Spread
    arrived: int
    arrived_per_second: float
    in_doubt: int
    failed: int
    lost: int


@dataclass(frozen=True)
class Outage:
    """A run with an outage of the provider, from `began` to `ended`, in seconds since the run began."""

    figures: Figures
    began: float
    ended: float
    sent: Sequence[Sent]

    @property
    def caught_up(self) -> float:
        """Seconds from the end of the outage until the last alert that was POSTed before had arrived."""
        late = [
            each.at + each.handset for each in self.sent if each.handset is not None and each.at < self.ended
        ]
        return max(0.0, max(late, default=0.0) - self.ended)


HEAD = (
    "mode",
    "POSTs/s",
    "answer p50",
    "p95",
    "p99",
    "knows",
    "503s",
    "errors",
    "handset p50",
    "p95",
    "p99",
    "arrived/s",
)
OUTAGE_HEAD = (
    "mode",
    "POSTs",
    "answer p50",
    "p99",
    "knows",
    "503s",
    "errors",
    "arrived",
    "in doubt",
    "failed",
    "lost",
    "caught up",
)


def rows(runs: Sequence[Figures]) -> list[tuple[str, ...]]:
    """Rows for `HEAD`; times are in milliseconds."""
    return [
        (
            run.mode,
            str(run.per_second),
            *(f"{each:,.0f}" for each in run.answer),
            f"{run.known / run.posts:.0%}",
            str(run.busy),
            str(run.errors),
            *(f"{each:,.0f}" for each in run.handset),
            f"{run.arrived_per_second:.1f}",
        )
        for run in runs
    ]


def outage_rows(outages: Sequence[Outage]) -> list[tuple[str, ...]]:
    """Rows for `OUTAGE_HEAD`; times are in milliseconds."""
    return [
        (
            run.figures.mode,
            str(run.figures.posts),
            f"{run.figures.answer.p50:,.0f}",
            f"{run.figures.answer.p99:,.0f}",
            f"{run.figures.known / run.figures.posts:.0%}",
            str(run.figures.busy),
            str(run.figures.errors),
            str(run.figures.arrived),
            str(run.figures.in_doubt),
            str(run.figures.failed),
            str(run.figures.lost),
            f"{run.caught_up:.0f} s",
        )
        for run in outages
    ]


def as_json(runs: Sequence[Figures], outages: Sequence[Outage]) -> dict[str, Any]:
    """All figures, with the tables as they are printed: `make docs` puts them into the page."""
    return {
        "table": {"head": HEAD, "rows": rows(runs)},
        "outage_table": {"head": OUTAGE_HEAD, "rows": outage_rows(outages)},
        "runs": [asdict(run) for run in runs],
        "outages": [asdict(run) for run in outages],
    }
