"""How many requests a client may make a minute.

Counted in each web process for itself, approximate on purpose: a shared store would be one more way to lose an alert.
"""

import math
import time
from threading import Lock
from typing import Any

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from clients.models import ApiClient

limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
_one_at_a_time = Lock()
"""The storage fails where two threads use it at once: https://github.com/alisaifee/limits/pull/352 is unreleased."""


class ClientRateThrottle(BaseThrottle):
    """Refuses what goes over `ApiClient.requests_per_minute`, or over RATE_LIMIT_PER_MINUTE where that is empty.

    Sending and reading have a budget each: who asks too often what became of an alert can still send the next.
    """

    def __init__(self) -> None:
        self._seconds = 1.0

    def allow_request(self, request: Request, view: Any) -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True  # the permission has refused it already
        limit = RateLimitItemPerMinute(client.requests_per_minute or settings.RATE_LIMIT_PER_MINUTE)
        counted = ("read" if request.method in SAFE_METHODS else "send", str(client.pk))
        with _one_at_a_time:
            allowed = limiter.hit(limit, *counted)
            if not allowed:
                self._seconds = limiter.get_window_stats(limit, *counted).reset_time - time.time()
        return allowed

    def wait(self) -> float:
        """Seconds until a request has a chance again, at least one."""
        return max(1.0, math.ceil(self._seconds))
