"""What apps above this one add: work for the relay, and health checks. Their `ready()` adds it, by its dotted name.

By name, so that no process loads what it does not run.
"""

from typing import NamedTuple


class Work(NamedTuple):
    """Work that a relay does beside its own."""

    name: str
    """In logs."""
    run: str
    """A function that takes `stopping`, a function that says whether the relay ends."""
    seconds: float
    """Between two runs."""


relay_work: set[Work] = set()
health_checks: set[str] = set()
"""Functions that return findings."""
