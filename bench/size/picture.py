"""The picture of docs/performance.md: cost over the size of the tables."""

import math
import statistics
from collections.abc import Iterator, Mapping

from bench.drawing import WIDTH, svg, text

LEFT, RIGHT, TOP, BOTTOM = 60, 210, 60, 300
HEIGHT = BOTTOM + 50
MOST = 2.0
"""The upper end of the scale, as a multiple of the cost with the fewest alerts. Higher costs are drawn there."""
COLOURS = ("one", "two", "three", "four")
Figures = Mapping[str, Mapping[str, float]]
Line = Mapping[int, float]


def cost(figures: Figures) -> str:
    """How much more an alert and a page cost with more alerts, as a multiple of the cost with the fewest."""
    lines = _lines(figures)
    sizes = sorted({size for line in lines.values() for size in line})
    parts = [
        text(10, 18, f"Cost, as a multiple of that with {sizes[0]:,} alerts", "title"),
        text(
            10, 36, "of a page: with the fewest alerts that fill it; the scale across is logarithmic", "small"
        ),
        *_scales(sizes),
    ]
    for colour, line in zip(COLOURS, lines.values(), strict=True):
        parts += _line(colour, line, sizes)
    below = BOTTOM + 16.0
    for value, name, colour in sorted(
        (line[sizes[-1]], name, colour) for colour, (name, line) in zip(COLOURS, lines.items(), strict=True)
    ):  # from below, and without overlaps
        below = min(_down(value), below - 16)
        parts.append(text(WIDTH - RIGHT + 8, below + 4, f"{name}: {value:.2f} ×", f"{colour} words"))
    return svg(HEIGHT, parts, "Cost by the size of the tables, as in the table.")


def _lines(figures: Figures) -> dict[str, Line]:
    times = {name: _times(values, is_rate=name.endswith("a second")) for name, values in figures.items()}
    pages = [line for name, line in times.items() if not name.endswith("a second")]
    sizes = sorted({size for page in pages for size in page})
    at = {size: sorted(page[size] for page in pages if size in page) for size in sizes}
    return {
        "taking an alert": times["taken, a second"],
        "sending it": times["sent, a second"],
        "pages, the median": {size: statistics.median(values) for size, values in at.items()},
        "pages, 9 of 10 below": {size: values[9 * (len(values) - 1) // 10] for size, values in at.items()},
    }


def _times(values: Mapping[str, float], *, is_rate: bool) -> Line:
    """The cost at each size, as a multiple of that at the first."""
    first = next(iter(values.values()))
    return {int(size): first / value if is_rate else value / first for size, value in values.items()}


def _scales(sizes: list[int]) -> Iterator[str]:
    for tick in (0.0, 0.5, 1.0, 1.5, 2.0):
        y = _down(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield text(LEFT - 8, y + 4, f"{tick:g} ×", "small", anchor="end")
    for size in sizes:
        yield text(_across(size, sizes), BOTTOM + 20, f"{size:,}", "small", anchor="middle")
    yield text(LEFT, BOTTOM + 40, "alerts in the database, and a twentieth as many clinicians", "small")


def _line(colour: str, line: Line, sizes: list[int]) -> Iterator[str]:
    places = [(_across(size, sizes), _down(times)) for size, times in line.items()]
    yield f'<path class="{colour} line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in places)}"/>'
    for x, y in places:
        yield f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'


def _across(size: int, sizes: list[int]) -> float:
    share = math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])
    return LEFT + 20 + (WIDTH - LEFT - RIGHT - 40) * share


def _down(times: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * min(times, MOST) / MOST
