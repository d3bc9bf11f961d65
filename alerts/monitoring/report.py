"""The results of all checks. The watchdog runs them; `/readyz` and `/metrics` show a report of the last seconds."""

import threading
import time
from dataclasses import dataclass

from django.db import Error
from django.utils.module_loading import import_string

from alerts import hooks
from alerts.monitoring import checks, loops
from alerts.monitoring.findings import Finding
from alerts.monitoring.loops import Asking
from contacts.choices import Priority

KEPT_SECONDS = 5.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Report:
    """The results of all checks."""

    waiting_seconds: dict[Priority, float]
    asking: dict[Priority, Asking]
    findings: list[Finding]


class CachedReport:
    """The newest report, cached for a few seconds, because anybody may ask `/readyz` as often as they like."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Forget the report, so that the next caller gets a new one."""
        self._report: Report | Error = Error("Nobody has looked yet.")
        self._until = float("-inf")

    def get(self) -> Report:
        """The cached report, or a new one. One thread runs the checks; other threads wait a second, then get the last
        report.

        Raises:
            Error: the database failed, now or a moment ago. Not every caller waits for it again.
        """
        if self._lock.acquire(timeout=WAIT_SECONDS):
            try:
                if time.monotonic() >= self._until:
                    self._report = self._look()
                    self._until = time.monotonic() + KEPT_SECONDS
            finally:
                self._lock.release()
        if isinstance(self._report, Error):
            raise self._report
        return self._report

    @staticmethod
    def _look() -> Report | Error:
        try:
            return run()
        except Error as error:
            return error


recent = CachedReport()


def run() -> Report:
    """Run all checks, in a fixed order."""
    waiting, asking = checks.waiting_seconds(), loops.asking()
    added = [import_string(name) for name in sorted(hooks.health_checks)]
    checked = [finding for check in (*checks.CHECKS, *added) for finding in check()]
    return Report(waiting, asking, [*checks.oldest_due(waiting), *checks.of_loops(asking), *checked])


def findings() -> list[Finding]:
    """The findings of a new report."""
    return run().findings
