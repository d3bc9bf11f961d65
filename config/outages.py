"""Logs when this process cannot use something that it needs: at the beginning and at the end, and not with each
failure.
"""

import threading
import time

import structlog

log = structlog.get_logger(__name__)


class Outage:
    """Something that this process needs and cannot use. It is logged at the beginning, for each new cause, and at the
    end.

    Not for each failure: there may be hundreds a second.
    """

    SETTLED = 10.0
    """Seconds without a failure until it counts as working again."""

    def __init__(self, *, begins: str, ends: str) -> None:
        self._begins = begins
        self._ends = ends
        self._lock = threading.Lock()
        self._causes: set[str] = set()
        self._failures = 0
        self._first = self._last = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the outage has been logged, and its end has not."""
        return bool(self._causes)

    def failed(self, error: BaseException | None, cause: str | None = None) -> None:
        """Count a failure. Log it, unless one with the same cause (or else the same kind of error) was logged."""
        with self._lock:
            self._last = time.monotonic()
            if not self._causes:
                self._first, self._failures = self._last, 0
            self._failures += 1
            found = cause or type(error).__name__
            if found in self._causes:
                return
            self._causes.add(found)
        log.error(self._begins, cause=found, exc_info=error)

    def works(self) -> None:
        """Note that it was used successfully."""
        with self._lock:
            if not self._causes or time.monotonic() - self._last < self.SETTLED:
                return
            self._causes.clear()
            failures, seconds = self._failures, round(self._last - self._first, 1)
        log.info(self._ends, failures=failures, seconds=seconds)


DATABASE = Outage(begins="database.unavailable", ends="database.available")
"""The outage of requests that failed because the database was away, or stored nothing."""
REDIS = Outage(begins="worker.redis_away", ends="worker.redis_back")
"""The outage of a worker's loop."""
