"""Limits how many requests a client may make in a minute.

Each web process counts for itself. That is approximate on purpose: a shared store would be one more way to lose an
alert.
"""

import math
import time
from collections import defaultdict
from threading import Lock
from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from clients.models import ApiClient

MINUTE = 60.0


class Window:
    """The requests of a client in the last minute: those since the clock's minute began, and a share of those before.

    Two numbers, and no thread: the memory of the library `limits` starts a timer again and again, and needs one lock
    for all clients.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._minute = 0.0
        self._now = self._before = 0

    def wait(self, limit: int) -> int:
        """Count a request, and return 0; or, with `limit` counted, the whole seconds until the next may succeed."""
        with self._lock:
            minute, passed = divmod(time.monotonic(), MINUTE)
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


windows: dict[tuple[int, bool], Window] = defaultdict(Window)
"""By client, and whether it only reads."""


class ClientRateThrottle(BaseThrottle):
    """Refuses requests over `ApiClient.requests_per_minute`, or over RATE_LIMIT_PER_MINUTE if that is empty.

    Sending and reading have separate limits: a client that polls too often can still send alerts.
    """

    def __init__(self) -> None:
        self._seconds = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True  # the permission class has refused it
        window = windows[client.pk, request.method in SAFE_METHODS]
        self._seconds = window.wait(client.requests_per_minute or settings.RATE_LIMIT_PER_MINUTE)
        return self._seconds == 0

    def wait(self) -> float:
        """Seconds until the next request may succeed."""
        return self._seconds
