"""The alerts that were answered with 500 or more lately, for Bleep's health checks, which ask `/healthz`.

Not the register of refused alerts (`alerts.refusals`), which has what the sender must correct.
"""

import json
import time
from datetime import UTC, datetime
from typing import Any

LATELY = 120.0
"""Seconds. After so long without a refusal the count begins again."""


class Refusals:
    """Requests with alerts that got an answer of 500 or more, from the door or from the API behind it."""

    def __init__(self) -> None:
        self._requests = 0
        self._since = ""
        self._answer = b""
        self._last = float("-inf")

    def note(self, answer: bytes) -> None:
        """Count one more, by the problem document that the sender got. It is read only when somebody asks."""
        if self._was_long_ago():
            self._requests, self._since = 0, datetime.now(UTC).isoformat(timespec="seconds")
        self._requests += 1
        self._last = time.monotonic()
        self._answer = answer

    def shown(self) -> dict[str, Any] | None:
        """How many, since when, and what the last answer said; None if there was none lately."""
        if self._was_long_ago():
            return None
        return {"requests": self._requests, "since": self._since, "detail": _detail(self._answer)}

    def _was_long_ago(self) -> bool:
        return time.monotonic() - self._last > LATELY


def _detail(body: bytes) -> str:
    try:
        return str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError):
        return "The answer was no problem document."
