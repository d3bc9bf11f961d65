"""The pictures of docs/sync-vs-async.md: SVG, in the reader's light or dark colours."""

import math
from collections.abc import Iterator, Sequence

from bench.drawing import WIDTH, svg, text
from bench.modes.figures import KNOWN, Figures, Mode, Outage, Spread

LEFT, RIGHT = 190, 20
LEAST, MOST = 0.01, 60.0
"""Seconds at the ends of the logarithmic scale."""
TICKS = {0.01: "10 ms", 0.1: "100 ms", 1.0: "1 s", 10.0: "10 s"}
COLOURS = {Mode.AT_ONCE: "one", Mode.WAIT: "two"}
ROW, PANEL = 22, 190


def rates(runs: Sequence[Figures]) -> str:
    """A line from p50 to p99, with a dot at each of p50, p95 and p99, for each rate, mode and moment."""
    bottom = 60 + len(runs) * 2 * ROW + (len({run.per_second for run in runs}) - 1) * ROW // 2
    parts = [
        text(LEFT, 18, "Time from the POST to the answer, and to the handset", "title"),
        text(LEFT, 36, "p50, p95 and p99; filled: the answer, hollow: the handset", "small"),
        *_scale_across(bottom),
    ]
    y, before = 60, runs[0].per_second if runs else 0
    for run in runs:
        if run.per_second != before:
            y, before = y + ROW // 2, run.per_second
        for what, spread in (("answer", run.answer), ("handset", run.handset)):
            parts.append(
                text(LEFT - 8, y + 4, f"{run.per_second}/s {run.mode} {what}", "small", anchor="end")
            )
            parts += _range(y, spread, COLOURS[run.mode], hollow=what == "handset")
            y += ROW
    described = "Times by rate and mode, as in the table."
    return svg(bottom + 30, parts, described)


def outages(runs: Sequence[Outage]) -> str:
    """A panel for each mode: when each alert was POSTed, and how long its answer and its message took."""
    parts: list[str] = [
        text(10, 18, "While the provider is away", "title"),
        text(
            10,
            36,
            "filled: answer with the outcome, small: without it, hollow: the handset, ×: shown to staff, in doubt",
            "small",
        ),
    ]
    for number, run in enumerate(runs):
        parts += _panel(run, 60 + number * (PANEL + 50))
    return svg(60 + len(runs) * (PANEL + 50), parts, "Each alert's times before, during and after an outage.")


def _panel(run: Outage, top: int) -> Iterator[str]:
    last = max((each.at for each in run.sent), default=1.0) + 0.5

    def across(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * seconds / last

    def down(seconds: float) -> float:
        return top + PANEL * (1 - _share(seconds))

    colour = COLOURS[run.figures.mode]
    yield (
        f'<rect class="away" x="{across(run.began):.1f}" y="{top}" '
        f'width="{across(run.ended) - across(run.began):.1f}" height="{PANEL}"/>'
    )
    yield text(10, top + 12, run.figures.mode)
    for seconds, label in TICKS.items():
        yield f'<path class="grid" d="M{LEFT} {down(seconds):.1f}H{WIDTH - RIGHT}"/>'
        yield text(LEFT - 8, down(seconds) + 4, label, "small", anchor="end")
    for second in range(0, int(last) + 1, 5):
        yield text(across(second), top + PANEL + 16, f"{second} s", "small", anchor="middle")
    for each in run.sent:
        x = across(each.at)
        if each.handset is None:
            yield f'<path class="{colour}" d="M{x - 4:.1f} {top + 4}l8 8m0 -8l-8 8"/>'
        else:
            yield f'<circle class="{colour} hollow" cx="{x:.1f}" cy="{down(each.handset):.1f}" r="4"/>'
        size = 3 if each.status == KNOWN else 1.5
        yield f'<circle class="{colour}" cx="{x:.1f}" cy="{down(each.answered):.1f}" r="{size}"/>'


def _scale_across(bottom: int) -> Iterator[str]:
    for seconds, label in TICKS.items():
        x = _across(seconds)
        yield f'<path class="grid" d="M{x:.1f} 48V{bottom}"/>'
        yield text(x, bottom + 16, label, "small", anchor="middle")


def _range(y: int, spread: Spread, colour: str, *, hollow: bool) -> Iterator[str]:
    places = [_across(milliseconds / 1000) for milliseconds in spread]
    yield f'<path class="{colour}" d="M{places[0]:.1f} {y}H{places[-1]:.1f}"/>'
    filled = "hollow" if hollow else ""
    for x, size in zip(places, (5, 4, 3), strict=True):
        yield f'<circle class="{colour} {filled}" cx="{x:.1f}" cy="{y}" r="{size}"/>'


def _across(seconds: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * _share(seconds)


def _share(seconds: float) -> float:
    """The place on the logarithmic scale, from 0 to 1."""
    within = min(max(seconds, LEAST), MOST)
    return math.log(within / LEAST) / math.log(MOST / LEAST)
