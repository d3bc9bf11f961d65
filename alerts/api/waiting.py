"""`Prefer: wait=10` (RFC 7240): hold the response until the outcome is known or the time is up."""

import os
import re
import threading
import time

from django.db.utils import Error

from alerts.models import Alert
from alerts.states import AlertStatus
from config import tracing

MAX_SECONDS = 30
"""Seconds. A longer wait is cut to this: proxies would time out anyway."""
MAX_SEATS = 16
"""Each waiting request queries the database ten times a second."""
PAUSE = 0.1


def seats(threads: str | None) -> int:
    """How many requests may wait at a time in one web process: half of its threads (GRANIAN_BLOCKING_THREADS).

    A waiting request holds a thread, and some must stay free for new alerts. The header is only a preference, so one
    request too many is answered at once.
    """
    known = int(threads) if threads and threads.isdecimal() else 1
    return min(max(1, known // 2), MAX_SEATS)


_seats = threading.BoundedSemaphore(seats(os.environ.get("GRANIAN_BLOCKING_THREADS")))
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def seconds_preferred(header: str) -> int:
    """The seconds that a `Prefer` header asks for, at most `MAX_SECONDS`; 0 if it asks for none."""
    found = _WAIT.search(header)
    return min(int(found.group(1)), MAX_SECONDS) if found else 0


def for_outcome(alert: Alert, seconds: int) -> Alert | None:
    """The alert once its outcome is known, or after `seconds`; None if it was not possible to wait."""
    if not seconds or not _seats.acquire(blocking=False):
        return None
    try:
        with tracing.span("wait"):
            alert = _wait(alert, time.monotonic() + seconds)
    except Error:
        return None  # the alert is stored: the response says so
    else:
        return alert
    finally:
        _seats.release()


def _wait(alert: Alert, until: float) -> Alert:
    while is_open(alert) and time.monotonic() < until:
        time.sleep(PAUSE)
        alert = stored(alert)
    return alert


def stored(alert: Alert) -> Alert:
    """The alert as it is now in the database."""
    return Alert.objects.with_status().prefetch_related("deliveries").get(pk=alert.pk)


def is_open(alert: Alert) -> bool:
    """Whether the outcome is still unknown."""
    return alert.status == AlertStatus.QUEUED
