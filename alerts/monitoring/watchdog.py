"""What a relay does with the audit: say what is wrong, and ping an outside dead-man's switch only while nothing is."""

import threading
import time
import urllib.request
from http.client import HTTPException

import structlog
from django.conf import settings
from django.db import connections

from alerts.monitoring import checks

CHECK_EVERY = 15.0
"""Seconds."""
PING_SECONDS = 5
CLOSE_SECONDS = 2

log = structlog.get_logger(__name__)


class Watchdog:
    """Audits now and then, beside the relay's work: a slow audit or a slow outside world must not hold up an alert."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self._audit: threading.Thread | None = None

    def look(self) -> None:
        """Begin an audit, if the last one is long enough ago and through."""
        if time.monotonic() - self._last < CHECK_EVERY or (self._audit and self._audit.is_alive()):
            return
        self._last = time.monotonic()
        # A daemon: it changes nothing, so a relay that is told to stop need not wait for the outside world.
        self._audit = threading.Thread(target=watch, name="watchdog", daemon=True)
        self._audit.start()

    def close(self) -> None:
        """Let an audit end that is at work: after the relay's farewell it would find the relay missing."""
        if self._audit:
            self._audit.join(CLOSE_SECONDS)


def watch() -> None:
    """Log each finding over its limit; where there is none, ping DEADMAN_URL."""
    try:
        failing = [finding for finding in checks.findings() if not finding.ok]
        for finding in failing:
            log.error("check.failed", finding=finding.name, value=finding.value, limit=finding.limit)
        if settings.DEADMAN_URL and not failing:
            _ping(settings.DEADMAN_URL)
    except Exception:
        log.exception("check.broken")
    finally:
        connections.close_all()


def _ping(url: str) -> None:
    """A GET. Its failure is the switch's own business, which notices that nobody pinged; the URL is a secret."""
    try:
        with urllib.request.urlopen(url, timeout=PING_SECONDS):  # noqa: S310 - http(s), by `config.settings`
            pass
    except (OSError, HTTPException, ValueError) as error:
        log.warning("deadman.unreachable", error=type(error).__name__)
