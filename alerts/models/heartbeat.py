"""Heartbeats of relays and workers, and the row that health checks write."""

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now

AHEAD = timedelta(seconds=2)
"""How far ahead a heartbeat may lie: the statement that reads it may have begun earlier."""


class HeartbeatQuerySet(models.QuerySet[Any]):
    def fresh(self) -> Self:
        """Heartbeats of running processes. One that lies further ahead is from before the database's clock was set
        back: a running process has written another since.
        """
        return self.filter(beat_at__gt=Now() - self.model.FRESH, beat_at__lt=Now() + AHEAD)

    def stale(self) -> Self:
        """Heartbeats old enough to delete."""
        return self.filter(beat_at__lt=Now() - timedelta(days=1))


class Heartbeat(models.Model):
    """When a process last reported; one row per process."""

    FRESH: ClassVar[timedelta]

    beat_at = models.DateTimeField(db_default=Now())
    clock_offset_seconds = models.FloatField(
        null=True, help_text="How far its host's clock is ahead of the database's, if it could be measured."
    )

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        abstract = True


class RelayHeartbeat(Heartbeat):
    """When a relay last reported."""

    FRESH = timedelta(seconds=15)

    relay = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    sent_itself_at = models.DateTimeField(
        null=True, help_text="When it last sent a High delivery itself because no worker took it."
    )

    def __str__(self) -> str:
        return self.relay


class WorkerKind(models.TextChoices):
    """The deliveries that a worker takes."""

    URGENT = "urgent", "urgent deliveries alone"
    OTHERS = "others", "all deliveries"


class WorkerHeartbeat(Heartbeat):
    """When a worker last reported that it is connected to Redis."""

    FRESH = timedelta(seconds=120)
    """Longer than an upgrade: a worker may take 75 s to stop, and does not report meanwhile."""

    AT_WORK = timedelta(seconds=30)
    """Longer than the time from a worker's task to its next heartbeat, while it is busy with calls to a provider that
    hangs."""

    worker = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=16, choices=WorkerKind)
    worked_at = models.DateTimeField(null=True, help_text="When it last began a task.")

    def __str__(self) -> str:
        return self.worker

    @classmethod
    def is_at_work(cls, kind: WorkerKind, *, within: timedelta = AT_WORK) -> bool:
        """Whether a worker of this kind took a delivery lately."""
        return cls.objects.filter(kind=kind, worked_at__gt=Now() - within).exists()


class WriteProbeManager(models.Manager["WriteProbe"]):
    def write(self) -> None:
        """Write the row."""
        self.bulk_create(
            [WriteProbe(pk=1, written_at=Now())],
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=["written_at"],
        )


class WriteProbe(models.Model):
    """One row, which health checks write: a database that answers may still be unable to store anything."""

    written_at = models.DateTimeField()

    objects = WriteProbeManager()

    def __str__(self) -> str:
        return f"{self.written_at:%H:%M:%S}"
