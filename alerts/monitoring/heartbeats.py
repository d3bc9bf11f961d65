"""Heartbeats: workers report in the database that they are at work, as relays do, so that checks and relays notice when
none is.

Celery sends a worker's heartbeat while its loop runs and is connected to Redis. A thread writes it to the database: a
database that hangs must not hold up that loop.
"""

import contextlib
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import Error, connection
from django.db.models.functions import Now

from alerts.models import WorkerHeartbeat, WorkerKind
from config.celery import URGENT
from config.periodic import Periodic

SECONDS = 10.0
"""Seconds between two heartbeats of a worker."""
MEASURED_WITHIN = 1.0
"""Seconds. An answer that takes longer does not say precisely enough when it was given."""


_last_task: float | None = None


def note_task() -> None:
    """Note that this worker begins a task."""
    global _last_task  # noqa: PLW0603 - one for the process
    _last_task = time.monotonic()


def _worked_at() -> Any:
    """When this worker began its last task, by the database's clock."""
    return None if _last_task is None else Now() - timedelta(seconds=time.monotonic() - _last_task)


def write(worker: str, queues: Iterable[str]) -> None:
    """Write this worker's heartbeat. Ignores a database that is away: every other check reports that."""
    with contextlib.suppress(Error):
        beat = WorkerHeartbeat(
            worker=worker,
            kind=kind(queues),
            beat_at=Now(),
            worked_at=_worked_at(),
            clock_offset_seconds=clock_offset(),
        )
        WorkerHeartbeat.objects.bulk_create(
            [beat],
            update_conflicts=True,
            unique_fields=["worker"],
            update_fields=["kind", "beat_at", "worked_at", "clock_offset_seconds"],
        )
        WorkerHeartbeat.objects.stale().delete()


def clock_offset() -> float | None:
    """How many seconds this host's clock is ahead of the database's, to half a second. None if that is not known."""
    connection.ensure_connection()  # connecting takes longer than the question
    asked, started = time.time(), time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
        answered: float = cursor.fetchone()[0]
    took = time.monotonic() - started
    return asked + took / 2 - answered if took < MEASURED_WITHIN else None


def kind(queues: Iterable[str]) -> WorkerKind:
    """The kind of a worker that takes from these queues."""
    return WorkerKind.URGENT if set(queues) == {URGENT} else WorkerKind.OTHERS


worker_heartbeat = Periodic("heartbeat", write, seconds=SECONDS)
