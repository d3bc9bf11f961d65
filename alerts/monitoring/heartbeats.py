"""Workers report in the database that they are at work, as relays do: checks and the relay see when none is.

Celery sends a worker's heartbeat while its loop runs and is connected to Redis. It is written in a thread, since a
database that hangs must not hold up that loop.
"""

import contextlib
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import Error
from django.db.models.functions import Now

from alerts.models import WorkerHeartbeat, WorkerKind
from config.celery import URGENT
from config.periodic import Periodic

SECONDS = 10.0
"""Between two heartbeats of a worker."""


_last_task: float | None = None


def note_task() -> None:
    """This worker begins a task."""
    global _last_task  # noqa: PLW0603 - one for the process
    _last_task = time.monotonic()


def write(worker: str, queues: Iterable[str]) -> None:
    """Write that the worker takes from these queues. A database that is away is reported by everything else."""
    with contextlib.suppress(Error):
        now: dict[str, Any] = {"kind": kind(queues), "beat_at": Now()}
        if _last_task is not None:
            now["worked_at"] = Now() - timedelta(seconds=time.monotonic() - _last_task)
        WorkerHeartbeat.objects.update_or_create(worker=worker, defaults=now)
        WorkerHeartbeat.objects.stale().delete()


def kind(queues: Iterable[str]) -> WorkerKind:
    """The kind of a worker that takes from these queues."""
    return WorkerKind.URGENT if set(queues) == {URGENT} else WorkerKind.OTHERS


worker_heartbeat = Periodic("heartbeat", write, seconds=SECONDS)
