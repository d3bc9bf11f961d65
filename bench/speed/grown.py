"""How much of the speed is left once the tables have grown: from the file of `make bench-size`, which takes long."""

import json
import statistics
from collections.abc import Mapping
from pathlib import Path

from bench.speed.figures import Figure

RATES = {"taken, a second": "taken", "sent, a second": "sent"}
"""The figures in the file that are rates, with words for them. All others are pages, in milliseconds."""


def figures(file: Path) -> list[Figure]:
    """The speed with the most alerts, in percent of that with the fewest; nothing if there is no file."""
    if not file.exists():
        return []
    measured: Mapping[str, Mapping[str, float]] = json.loads(file.read_text(encoding="utf-8"))["figures"]
    sizes = sorted({int(size) for by_size in measured.values() for size in by_size})
    few, many = str(sizes[0]), str(sizes[-1])
    pages = {name: [*by_size.values()] for name, by_size in measured.items() if name not in RATES}
    of_rates = [
        Figure(
            f"grown_{word}",
            f"{word} with {sizes[-1]:,} alerts, against {sizes[0]:,}",
            _share(each[many], each[few]),
            "%",
        )
        for name, word in RATES.items()
        for each in [measured[name]]
    ]
    # each against the fewest alerts that fill the page
    speeds = {name: _share(values[0], values[-1]) for name, values in pages.items()}
    slowest = min(speeds, key=speeds.__getitem__)
    return [
        *of_rates,
        Figure("grown_pages_median", "  pages, the median", statistics.median(speeds.values()), "%"),
        Figure("grown_pages", f"  the page that slows down most ({slowest})", speeds[slowest], "%"),
    ]


def _share(part: float, whole: float) -> float:
    return 100 * part / whole
