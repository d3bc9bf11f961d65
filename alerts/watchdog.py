"""What a relay does with the audit: say what is wrong, and ping an outside dead-man's switch only while nothing is."""

import time
import urllib.request
from concurrent.futures import Executor

import structlog
from django.conf import settings
from django.db import connections

from alerts import audit

AUDIT_EVERY = 15.0
"""Seconds."""
PING_TIMEOUT = 5

log = structlog.get_logger(__name__)


class Watchdog:
    """Audits now and then, in the background: a slow audit or a slow outside world must not hold up an alert."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._last = float("-inf")

    def look(self) -> None:
        """Audit, if the last one is long enough ago."""
        if time.monotonic() - self._last >= AUDIT_EVERY:
            self._last = time.monotonic()
            self._executor.submit(watch)


def watch() -> None:
    """Log each finding over its limit; where there is none, ping DEADMAN_URL."""
    try:
        failing = [finding for finding in audit.findings() if not finding.ok]
        for finding in failing:
            log.error("audit.failed", finding=finding.name, value=finding.value, limit=finding.limit)
        if settings.DEADMAN_URL and not failing:
            _ping(settings.DEADMAN_URL)
    except Exception:
        log.exception("audit.broken")
    finally:
        connections.close_all()


def _ping(url: str) -> None:
    """A GET; its failure is the switch's own business, which notices that nobody pinged."""
    try:
        with urllib.request.urlopen(url, timeout=PING_TIMEOUT):  # noqa: S310 - checked to be http(s) by config.checks
            pass
    except OSError as error:
        log.warning("deadman.unreachable", error=type(error).__name__)
