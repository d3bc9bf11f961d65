"""Limits how many requests a client may make in a minute.

Each web process counts for itself. That is approximate on purpose: a shared store would be one more way to lose an
alert.
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
"""The storage is not thread-safe: https://github.com/alisaifee/limits/pull/352 is unreleased."""


class ClientRateThrottle(BaseThrottle):
    """Refuses requests over `ApiClient.requests_per_minute`, or over RATE_LIMIT_PER_MINUTE if that is empty.

    Sending and reading have separate limits: a client that polls too often can still send alerts.
    """

    def __init__(self) -> None:
        self._seconds = 1.0

    def allow_request(self, request: Request, view: Any) -> bool:
        client = request.user
        if not isinstance(client, ApiClient):
            return True  # the permission class has refused it
        limit = RateLimitItemPerMinute(client.requests_per_minute or settings.RATE_LIMIT_PER_MINUTE)
        counted = ("read" if request.method in SAFE_METHODS else "send", str(client.pk))
        with _one_at_a_time:
            allowed = limiter.hit(limit, *counted)
            if not allowed:
                self._seconds = limiter.get_window_stats(limit, *counted).reset_time - time.time()
        return allowed

    def wait(self) -> float:
        """Seconds until the next request may succeed, at least one."""
        return max(1.0, math.ceil(self._seconds))
