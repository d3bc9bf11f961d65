"""A column for each priority, in lists of clinicians and of templates."""

from collections.abc import Callable
from typing import Any

from unfold.decorators import display

from contacts.choices import Priority


def by_priority(show: Callable[[Any, Priority], str]) -> list[Any]:
    """The columns, the most urgent first."""
    return [
        display(lambda _admin, shown, priority=priority: show(shown, priority), description=priority.label)
        for priority in Priority
    ]
