"""Bar charts for unfold's chart component: the colours, the data and the options that Chart.js takes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Each has a contrast of at least 3 : 1 with white and with the dark background.
TEAL, GREEN, VIOLET, BLUE = "#0d9488", "#16a34a", "#8b5cf6", "#3b82f6"
RED, AMBER, GREY = "#dc2626", "#d97706", "#7c899e"


@dataclass(frozen=True)
class Chart:
    """`data` and `options` are JSON for Chart.js; `description` says what the chart shows."""

    title: str
    description: str
    data: str
    options: str


def data(labels: list[str], series: Iterable[tuple[str, str, list[Any]]]) -> str:
    """JSON for Chart.js: each series is a label, a colour and a value for each of `labels`."""
    datasets = [
        {"label": label, "data": values, "backgroundColor": colour, "maxBarThickness": 40}
        for label, colour, values in series
    ]
    return json.dumps({"labels": labels, "datasets": datasets})


def options(*, stacked: bool, unit: str = "") -> str:
    """JSON for Chart.js. `unit` is written beside the values."""
    values: dict[str, Any] = {"stacked": stacked, "beginAtZero": True, "ticks": {"precision": 0}, "grid": {}}
    if unit:
        values["title"] = {"display": True, "text": unit}
    return json.dumps(
        {
            "animation": False,
            "responsive": True,
            "maintainAspectRatio": False,
            "plugins": {"legend": {"position": "bottom", "labels": {"boxWidth": 12, "boxHeight": 12}}},
            "scales": {"x": {"stacked": stacked, "grid": {"display": False}}, "y": values},
        }
    )
