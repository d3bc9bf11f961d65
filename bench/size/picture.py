"""The picture of docs/performance.md: cost over the size of the tables. SVG, in the reader's light or dark colours."""

import math
import statistics
from collections.abc import Iterator, Mapping
from html import escape

WIDTH, HEIGHT = 760, 340
LEFT, RIGHT, TOP, BOTTOM = 60, 190, 60, 40
MOST = 2.0
"""Times the cost at the smallest size, at the upper end. What costs more is drawn there."""
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2937 }
.title { font-weight: 600; font-size: 14px } .small { fill: #4b5563 } .grid { stroke: #d1d5db }
path { fill: none; stroke-width: 2 } .grid { stroke-width: 1 }
.one { stroke: #1d4ed8 } .two { stroke: #b45309 } .three { stroke: #047857 } .four { stroke: #b91c1c }
@media (prefers-color-scheme: dark) {
  text { fill: #e5e7eb } .small { fill: #9ca3af } .grid { stroke: #4b5563 }
  .one { stroke: #93c5fd } .two { stroke: #fbbf24 } .three { stroke: #6ee7b7 } .four { stroke: #fca5a5 }
}
"""
Figures = Mapping[str, Mapping[str, float]]


def cost(figures: Figures) -> str:
    """How much more an alert and a page cost with more alerts, as a multiple of the cost with the fewest."""
    lines = _lines(figures)
    sizes = sorted(next(iter(lines.values())))
    parts = [
        f'<text class="title" x="10" y="20">Cost, as a multiple of that with {sizes[0]:,} alerts</text>',
        '<text class="small" x="10" y="40">across: alerts in the database, a logarithmic scale</text>',
        *_scales(sizes),
    ]
    for colour, line in zip(("one", "two", "three", "four"), lines.values(), strict=True):
        points = [(_across(size, sizes), _down(line[size])) for size in sizes]
        way = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path class="{colour}" d="M{way}"/>')
    ends = sorted((line[sizes[-1]], name) for name, line in lines.items())
    below = HEIGHT - BOTTOM + 8.0
    for value, name in ends:  # from below, and none over another
        below = min(_down(value), below - 16)
        parts.append(
            f'<text x="{WIDTH - RIGHT + 8}" y="{below + 4:.1f}">{escape(name)}: {value:.2f} ×</text>'
        )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="Cost by the size of the tables, as in the table.">'
    )
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>", ""])


def _lines(figures: Figures) -> dict[str, dict[int, float]]:
    times = {name: _times(values, is_rate=name.endswith("a second")) for name, values in figures.items()}
    pages = [line for name, line in times.items() if not name.endswith("a second")]
    sizes = pages[0]
    return {
        "taking an alert": times["taken, a second"],
        "sending it": times["sent, a second"],
        "pages, the median": {size: statistics.median(page[size] for page in pages) for size in sizes},
        "pages, 9 of 10": {
            size: statistics.quantiles((page[size] for page in pages), n=10)[-1] for size in sizes
        },
    }


def _times(values: Mapping[str, float], *, is_rate: bool) -> dict[int, float]:
    """The cost at each size, as a multiple of that at the first."""
    first = next(iter(values.values()))
    return {int(size): first / value if is_rate else value / first for size, value in values.items()}


def _scales(sizes: list[int]) -> Iterator[str]:
    for tick in (0.5, 1.0, 1.5, 2.0):
        y = _down(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:g} ×</text>'
    for size in sizes:
        x = _across(size, sizes)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
        yield f'<text class="small" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{size:,}</text>'


def _across(size: int, sizes: list[int]) -> float:
    share = math.log(size / sizes[0]) / math.log(sizes[-1] / sizes[0])
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _down(times: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(times, MOST) / MOST
