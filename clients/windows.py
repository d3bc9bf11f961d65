"""Counts requests in the last minute, in this process: of clients, and of addresses that guess tokens."""

import math
from threading import Lock
from time import monotonic

MINUTE = 60.0


class Window:
    """Requests in the last minute: those in the clock's present minute, and a share of those in the one before.

    Two numbers, and no thread: the memory of the library `limits` starts a timer again and again, and needs one lock
    for all.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0.0
        self._now = self._before = 0

    def wait(self, limit: int) -> int:
        """Count a request, and return 0; or, with `limit` counted, the whole seconds until the next may succeed."""
        with self._lock:
            minute, passed = divmod(monotonic(), MINUTE)
            if minute != self._minute:
                self._before = self._now if minute == self._minute + 1 else 0
                self._minute, self._now = minute, 0
            if self._now + self._before * (1 - passed / MINUTE) < limit:
                self._now += 1
                return 0
            if self._now < limit:
                free_at = MINUTE * (1 - (limit - self._now) / self._before)
            else:
                free_at = MINUTE + MINUTE * (1 - limit / self._now)
            return max(1, math.ceil(free_at - passed))
