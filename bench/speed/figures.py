"""Figures, their goals, and one table of both."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One measured figure. `key` is its name in the file."""

    key: str
    says: str
    value: float
    unit: str = ""


class Goal(NamedTuple):
    """The bound of a figure, and whether it is the least or the most."""

    bound: float
    is_least: bool

    def met(self, value: float) -> bool:
        """Whether a figure is within it."""
        return value >= self.bound if self.is_least else value <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.is_least else '≤'} {self.bound:g}"


def _least(bound: float) -> Goal:
    return Goal(bound, is_least=True)


def _most(bound: float) -> Goal:
    return Goal(bound, is_least=False)


GOALS: Mapping[str, Goal] = {
    "taken_against_reference": _least(5),
    "taken_against_floor": _least(20),
    "repeats_against_new": _least(1),
    "processor": _most(8),
    "drain": _least(300),
    "drain_against_slots": _least(80),
    "high_idle_p50": _most(15),
    "high_idle_p99": _most(60),
    "high_storm_p95": _most(150),
    "idle_relay": _most(0.5),
    "memory": _most(450),
    "grown_taken": _least(90),
    "grown_sent": _least(90),
    "grown_pages": _least(90),
}

HEAD = ("figure", "measured", "unit", "goal", "")


def rows(figures: Sequence[Figure]) -> list[tuple[str, ...]]:
    """The figures as rows of a table, with their goals."""
    return [
        (each.says, number(each.value), each.unit, str(goal or ""), _verdict(goal, each.value))
        for each in figures
        for goal in [GOALS.get(each.key)]
    ]


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """The same for the file."""
    return [
        {
            **each._asdict(),
            "value": round(each.value, 3),
            "goal": str(goal) if goal else None,
            "met": goal.met(each.value) if goal else None,
        }
        for each in figures
        for goal in [GOALS.get(each.key)]
    ]


def number(value: float) -> str:
    """A figure with three digits, which is more than two runs agree on."""
    digits = max(0, 2 - len(str(int(abs(value)))) + 1) if abs(value) < 100 else 0  # noqa: PLR2004
    return f"{value:,.{digits}f}"


def _verdict(goal: Goal | None, value: float) -> str:
    if goal is None:
        return ""
    return "met" if goal.met(value) else "not met"
