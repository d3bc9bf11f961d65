"""`Prefer: wait=10` (RFC 7240): hold the response until the outcome is known or the time is up.

With `outcome=answered`, until somebody has accepted, or nobody is left to ask.
"""

import os
import re
import threading
import time
from dataclasses import dataclass

from django.db.models import Prefetch
from django.db.utils import Error

from alerts.escalation import responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Delivery, Loop
from alerts.states import AlertStatus, ResponsibilityState
from config import tracing

MAX_SECONDS = 30
"""Seconds. Longer waits are shortened to this: proxies would time out anyway."""
MAX_SEATS = 16
"""Each waiting request queries the database ten times a second."""
PAUSE = 0.1
ANSWER_PAUSE = 0.5
"""People take longer than providers, so looking for an answer twice a second is enough."""


def seats(threads: str | None) -> int:
    """How many requests may wait at a time in one web process: half of its threads (GRANIAN_BLOCKING_THREADS). A
    waiting request holds a thread, and some must stay free for new alerts. The header is only a preference, so a
    further request is answered at once.
    """
    known = int(threads) if threads and threads.isdecimal() else 1
    return min(max(1, known // 2), MAX_SEATS)


_seats = threading.BoundedSemaphore(seats(os.environ.get("GRANIAN_BLOCKING_THREADS")))
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})\"?(?=$|[,;\s])", re.IGNORECASE)


_ANSWERED = re.compile(r"(?:^|[,;\s])outcome\s*=\s*\"?answered\"?(?=$|[,;\s])", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """What a request waits for, and how long."""

    seconds: int
    answer: bool = False
    """Whether to wait until a person has answered, and not only until the outcome is known."""

    def __str__(self) -> str:
        """The text for `Preference-Applied`."""
        return f"wait={self.seconds}, outcome=answered" if self.answer else f"wait={self.seconds}"


def preferred(header: str, alert: Alert) -> Wanted:
    """What a `Prefer` header asks for. Without a plan nobody is asked, so there is no answer to wait for."""
    return Wanted(seconds_preferred(header), answer=alert.has_loop and _ANSWERED.search(header) is not None)


def seconds_preferred(header: str) -> int:
    """The seconds that a `Prefer` header asks for, at most `MAX_SECONDS`; 0 if it asks for none."""
    found = _WAIT.search(header)
    return min(int(found.group(1)), MAX_SECONDS) if found else 0


@dataclass(frozen=True)
class Waited:
    """The alert after waiting."""

    alert: Alert
    standing: Responsibility
    is_known: bool
    """Whether the wait was for something that is known now."""


def for_outcome(alert: Alert, wanted: Wanted) -> Waited | None:
    """The alert once its outcome is known, or when the time is up; None if it was not possible to wait."""
    if not wanted.seconds or not _seats.acquire(blocking=False):
        return None
    try:
        with tracing.span("wait"):
            until = time.monotonic() + wanted.seconds
            alert = _wait_for_answer(alert, until) if wanted.answer else _wait(alert, until)
            standing = responsibility.of([alert])[alert.pk]
    except Error:
        return None  # the alert is stored: the response says so
    finally:
        _seats.release()
    undecided = standing.state is ResponsibilityState.UNDEFINED
    return Waited(alert, standing, is_known=not (undecided if wanted.answer else is_open(alert)))


def _wait(alert: Alert, until: float) -> Alert:
    while is_open(alert) and time.monotonic() < until:
        time.sleep(PAUSE)
        alert = stored(alert)
    return alert


def _wait_for_answer(alert: Alert, until: float) -> Alert:
    asked = Loop.objects.filter(alert=alert.pk, ended_at=None)
    while asked.exists() and (left := until - time.monotonic()) > 0:
        time.sleep(min(ANSWER_PAUSE, left))
    return stored(alert)


def stored(alert: Alert) -> Alert:
    """The alert as it is now in the database."""
    return Alert.objects.with_status().prefetch_related(deliveries()).get(pk=alert.pk)


def deliveries() -> Prefetch[str]:
    """The deliveries that senders see: without notices."""
    return Prefetch("deliveries", Delivery.objects.filter(notice=""))


def is_open(alert: Alert) -> bool:
    """Whether the outcome is still unknown."""
    return alert.status == AlertStatus.QUEUED
