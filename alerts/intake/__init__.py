"""Takes an alert: before a 2xx response it is on disk, and a repeat does no harm.

Read `step_by_step` first. `at_once` does the same in one statement for nearly every alert, and leaves unusual ones to
`step_by_step`.
"""

from alerts.intake.at_once import accept_at_once
from alerts.intake.rehearsal import rehearse
from alerts.intake.step_by_step import Accepted, Conflict, NewAlert, Unreachable, accept

__all__ = ["Accepted", "Conflict", "NewAlert", "Unreachable", "accept", "accept_at_once", "rehearse"]
