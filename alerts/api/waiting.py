"""`Prefer: wait=10` (RFC 7240): hold the answer until the outcome is known, or the time is up."""

import os
import re
import threading
import time

from django.db.utils import Error

from alerts.models import Alert
from alerts.states import AlertStatus

LONGEST = 30
"""Seconds. More is cut down to this: a proxy in between would give up anyway."""
MOST_SEATS = 16
"""Each asks the database ten times a second."""
PAUSE = 0.1


def seats(threads: str | None) -> int:
    """Requests in one web process that may wait at a time: half of its threads (GRANIAN_BLOCKING_THREADS).

    A waiting request holds a thread, and an alert must never find all of them taken; the header is only a preference,
    so one too many is answered at once.
    """
    known = int(threads) if threads and threads.isdecimal() else 1
    return min(max(1, known // 2), MOST_SEATS)


_seats = threading.BoundedSemaphore(seats(os.environ.get("GRANIAN_BLOCKING_THREADS")))
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


def seconds_preferred(header: str) -> int:
    """The seconds that a `Prefer` header asks for, at most `LONGEST`; 0 where it asks for none."""
    found = _WAIT.search(header)
    return min(int(found.group(1)), LONGEST) if found else 0


def for_outcome(alert: Alert, seconds: int) -> Alert | None:
    """The alert as it stands when its outcome is known, or after `seconds`; None where it cannot be waited for."""
    if not seconds or not _seats.acquire(blocking=False):
        return None
    try:
        until = time.monotonic() + seconds
        while is_open(alert) and time.monotonic() < until:
            time.sleep(PAUSE)
            alert = stored(alert)
    except Error:
        return None  # the alert is stored, and that is what the answer says then
    else:
        return alert
    finally:
        _seats.release()


def stored(alert: Alert) -> Alert:
    """The alert as it is in the database now."""
    return Alert.objects.with_status().prefetch_related("deliveries").get(pk=alert.pk)


def is_open(alert: Alert) -> bool:
    """Whether the outcome is not known yet."""
    return alert.status == AlertStatus.QUEUED
