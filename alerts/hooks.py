"""Hooks by which apps above this one add work for the relay, and health checks. Their `ready()` gives the dotted name
of a function: by name, so that no process loads code that it does not run.
"""

from typing import NamedTuple


class Work(NamedTuple):
    """Work that a relay does besides its own."""

    name: str
    """The name of the work in logs."""
    run: str
    """A function that takes `stopping`, which says whether the relay is ending."""
    seconds: float
    """Seconds between two runs."""


relay_work: set[Work] = set()
health_checks: set[str] = set()
"""Functions that return findings."""
