"""A relay runs the checks. It logs each problem, and pings a dead-man's switch outside only while there is none."""

import logging
import urllib.request
from http.client import HTTPException

import structlog
from django.conf import settings
from django.db import Error

from alerts.monitoring import report
from config import database
from config.outages import Outage
from config.periodic import Periodic

CHECK_EVERY = 15.0
"""Seconds."""
PING_SECONDS = 5
CLOSE_SECONDS = 2
"""Seconds that a relay which is ending waits for running checks: without its heartbeat they would report it as
missing."""

SETTLED = 2.5 * CHECK_EVERY
"""Seconds without a failure until checks, or the switch, count as working again: three good looks in a row."""

log = structlog.get_logger(__name__)
CHECKS_OUTAGE = Outage(begins="check.unanswered", ends="check.answered", settled=SETTLED)
SWITCH_OUTAGE = Outage(
    begins="deadman.unreachable", ends="deadman.reachable", level=logging.WARNING, settled=SETTLED
)


def watch() -> None:
    """Log each finding over its limit; if none is a fault of Bleep, ping DEADMAN_URL."""
    try:
        failing = [finding for finding in report.findings() if not finding.ok]
    except Error as error:
        CHECKS_OUTAGE.failed(error, database.cause(error))
        return
    CHECKS_OUTAGE.works()
    for finding in failing:
        log.error(
            "check.failed",
            finding=finding.name,
            value=finding.value,
            limit=finding.limit,
            sentence=finding.sentence,
        )
    if any(not finding.is_for_staff for finding in failing):
        return
    if not failing:
        log.info("checks.passed")
    if settings.DEADMAN_URL:
        _ping(settings.DEADMAN_URL)


def watchdog() -> Periodic[[]]:
    """Runs the checks beside a relay's work: slow checks, or a slow switch outside, must not hold up an alert."""
    return Periodic("watchdog", watch, seconds=CHECK_EVERY)


def _ping(url: str) -> None:
    """Ping the switch with a GET. Only log a failure: the switch raises the alarm by itself. The URL is a secret."""
    try:
        with urllib.request.urlopen(url, timeout=PING_SECONDS):  # noqa: S310 - http(s), by `config.settings`
            pass
    except (OSError, HTTPException, ValueError) as error:
        SWITCH_OUTAGE.failed(None, type(error).__name__)
    else:
        SWITCH_OUTAGE.works()
