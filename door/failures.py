"""Counts alerts that were answered with 500 or more lately. Bleep's health checks read it from `/healthz`.

This is not the register of refused alerts (`alerts.refusals`), which has requests that the sender must correct.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

LATELY = 120.0
"""Seconds. After this long without such an answer the count begins again."""


class FailedRequests:
    """Requests with alerts that were answered with 500 or more, by the door or by the API behind it."""

    def __init__(self) -> None:
        self._requests = 0
        self._since = ""
        self._answer = b""
        self._last = float("-inf")

    def note(self, answer: bytes) -> None:
        """Count one more, with the problem document that the sender got. It is parsed only when somebody asks."""
        if self._was_long_ago():
            self._requests, self._since = 0, datetime.now(UTC).isoformat(timespec="seconds")
        self._requests += 1
        self._last = time.monotonic()
        self._answer = answer

    def shown(self) -> dict[str, Any] | None:
        """How many, since when, and the sentence of the last answer; None if there was none lately."""
        if self._was_long_ago():
            return None
        return {"requests": self._requests, "since": self._since, "detail": _detail(self._answer)}

    def _was_long_ago(self) -> bool:
        return time.monotonic() - self._last > LATELY


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return "The answer was not a problem document."
