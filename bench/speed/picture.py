"""The picture of docs/performance.md: how many alerts are taken in a second, over how many connections."""

import math
from collections.abc import Iterator, Mapping

from bench.drawing import WIDTH, svg, text
from bench.speed.taking import Way

LEFT, RIGHT, TOP, BOTTOM = 60, 190, 60, 300
HEIGHT = BOTTOM + 50
LEAST = 10.0
"""Alerts a second at the bottom. The scale is logarithmic: each line up is ten times the one below."""
COLOURS = {Way.NEW: "one", Way.REFERENCE: "two", Way.FLOOR: "three"}

Curves = Mapping[Way, Mapping[int, float]]
"""For each way: the rate by the number of connections."""


def connections(curves: Curves) -> str:
    """A line for each way."""
    counts = sorted(next(iter(curves.values())))
    most = 10.0 ** math.ceil(math.log10(max(max(curve.values()) for curve in curves.values())))
    parts = [
        text(10, 18, "Alerts taken in a second", "title"),
        text(10, 36, "over 1 to 64 connections; both scales are logarithmic", "small"),
        *_scales(counts, most),
    ]
    for way, curve in curves.items():
        parts += _line(way, curve, counts, most)
    return svg(HEIGHT, parts, "Alerts taken in a second by the number of connections, as in the table.")


def _scales(counts: list[int], most: float) -> Iterator[str]:
    rate = LEAST
    while rate <= most:
        y = _down(rate, most)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield text(LEFT - 8, y + 4, f"{rate:,.0f}", "small", anchor="end")
        rate *= 10
    for count in counts:
        yield text(_across(count, counts), BOTTOM + 20, str(count), "small", anchor="middle")
    yield text(LEFT, BOTTOM + 40, "connections", "small")


def _line(way: Way, curve: Mapping[int, float], counts: list[int], most: float) -> Iterator[str]:
    places = [(_across(count, counts), _down(curve[count], most)) for count in counts]
    yield f'<path class="{COLOURS[way]} line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    for (x, y), count in zip(places, counts, strict=True):
        yield f'<circle class="{COLOURS[way]}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
        yield text(x, y - 8, f"{curve[count]:,.0f}", "small", anchor="middle")
    x, y = places[-1]
    yield text(x + 24, y + 4, way)


def _across(count: int, counts: list[int]) -> float:
    share = math.log(count / counts[0]) / math.log(counts[-1] / counts[0])
    return LEFT + 20 + (WIDTH - LEFT - RIGHT - 40) * share


def _down(rate: float, most: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * math.log(max(rate, LEAST) / LEAST) / math.log(most / LEAST)
