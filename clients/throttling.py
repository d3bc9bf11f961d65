"""Limits how many requests a client may make in a minute.

Each web process counts for itself. That is approximate on purpose: a shared store would be one more way to lose an
alert.
"""

from collections import defaultdict
from typing import Any

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from clients.models import ApiClient
from clients.windows import Window

windows: dict[tuple[int, bool], Window] = defaultdict(Window)
"""By client, and by whether the request only reads."""


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
