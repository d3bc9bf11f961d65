"""Logs when this process cannot use something that it needs: at the beginning and at the end, and not with each
failure.
"""

import logging
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

    def __init__(
        self, *, begins: str, ends: str, level: int = logging.ERROR, settled: float = SETTLED, **about: str
    ) -> None:
        """`begins` and `ends` are events; the lines of both have `about` as well. `level` is that of the first.

        What is used every few seconds only needs more of them to be `settled`. Otherwise one success between two
        failures would end the outage.
        """
        self._begins = begins
        self._ends = ends
        self._level = level
        self.settled = settled
        self._about = about
        self._lock = threading.Lock()
        self._causes: set[str] = set()
        self._worked = False
        """Whether it has worked since the last failure."""
        self._failures = 0
        self._first = self._last = 0.0

    @property
    def is_on(self) -> bool:
        """Whether the outage has been logged, and its end has not."""
        return bool(self._causes)

    def failed(self, error: BaseException | None, cause: str | None = None) -> None:
        """Count a failure. Log it, unless one with the same cause (or else the same kind of error) was logged."""
        if self._worked:
            self.works()  # it may have worked for long, and nobody used it: then this is another outage
        with self._lock:
            self._last, self._worked = time.monotonic(), False
            if not self._causes:
                self._first, self._failures = self._last, 0
            self._failures += 1
            found = cause or type(error).__name__
            if found in self._causes:
                return
            self._causes.add(found)
        log.log(self._level, self._begins, cause=found, exc_info=error, **self._about)

    def works(self) -> None:
        """Note that it was used successfully."""
        with self._lock:
            self._worked = bool(self._causes)
            if not self._causes or time.monotonic() - self._last < self.settled:
                return
            self._causes.clear()
            self._worked = False
            failures, seconds = self._failures, round(self._last - self._first, 1)
        log.info(self._ends, failures=failures, seconds=seconds, **self._about)


DATABASE = Outage(begins="database.unavailable", ends="database.available")
"""The outage of requests that failed because the database was away, or stored nothing."""
REDIS = Outage(begins="worker.redis_away", ends="worker.redis_back")
"""The outage of a worker's loop."""
