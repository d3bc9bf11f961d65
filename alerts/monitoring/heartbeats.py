"""Workers write in the database that they can take something, as relays do: what nobody takes is sent late, or by few.

A worker has its heartbeat from Celery while its loop turns and is connected to Redis. It is written in a thread, since
a database that hangs must not hold that loop up.
"""

import contextlib
import threading
import time
from collections.abc import Iterable

from django.db import Error, connections
from django.db.models.functions import Now

from alerts.models import WorkerHeartbeat, WorkerKind
from config.celery import URGENT

BEAT_EVERY = 10.0
"""Seconds."""


class Pulse:
    """One worker's sign of life."""

    def __init__(self) -> None:
        self._last = float("-inf")
        self._writing: threading.Thread | None = None

    def beat(self, worker: str, queues: Iterable[str]) -> None:
        """Have it written that the worker takes from these queues, if that is long enough ago and through."""
        if time.monotonic() - self._last < BEAT_EVERY or (self._writing and self._writing.is_alive()):
            return
        self._last = time.monotonic()
        self._writing = threading.Thread(
            target=write, args=(worker, kind(queues)), name="heartbeat", daemon=True
        )
        self._writing.start()


def kind(queues: Iterable[str]) -> WorkerKind:
    """What a worker is there for that takes from these queues."""
    return WorkerKind.URGENT if set(queues) == {URGENT} else WorkerKind.OTHERS


def write(worker: str, what: WorkerKind) -> None:
    """Write the sign of life; a database that is away is told of by all others."""
    try:
        with contextlib.suppress(Error):
            now = {"kind": what, "beat_at": Now()}
            WorkerHeartbeat.objects.update_or_create(worker=worker, defaults=now)
            WorkerHeartbeat.objects.stale().delete()
    finally:
        connections.close_all()
