"""Taking an alert: before a 2xx answer it is on disk, and a repeat does no harm.

`step_by_step` is the way to read first. `at_once` does the same in one statement for nearly every alert, and leaves
what is unusual to the other.
"""

from alerts.intake.at_once import accept_at_once
from alerts.intake.rehearsal import rehearse
from alerts.intake.step_by_step import Accepted, Conflict, NewAlert, Unreachable, accept

__all__ = ["Accepted", "Conflict", "NewAlert", "Unreachable", "accept", "accept_at_once", "rehearse"]
