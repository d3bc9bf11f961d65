"""When relays and workers were last at work."""

from datetime import timedelta
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models.functions import Now


class HeartbeatQuerySet(models.QuerySet[Any]):
    def fresh(self) -> Self:
        """Those that have been at work lately."""
        return self.filter(beat_at__gt=Now() - self.model.FRESH)

    def stale(self) -> Self:
        """Those that have been gone for so long that nobody looks for them."""
        return self.filter(beat_at__lt=Now() - timedelta(days=1))


class Heartbeat(models.Model):
    """When a process was last at work; one row for each that ran lately."""

    FRESH: ClassVar[timedelta]

    beat_at = models.DateTimeField(db_default=Now())

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        abstract = True


class RelayHeartbeat(Heartbeat):
    """When a relay was last at work."""

    FRESH = timedelta(seconds=15)

    relay = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    sent_itself_at = models.DateTimeField(
        null=True, help_text="When it last sent what is urgent by itself, since no worker took it."
    )

    def __str__(self) -> str:
        return self.relay


class WorkerKind(models.TextChoices):
    """What a worker is there for."""

    URGENT = "urgent", "urgent deliveries alone"
    OTHERS = "others", "all deliveries"


class WorkerHeartbeat(Heartbeat):
    """When a worker last had its connection to Redis and could take something."""

    FRESH = timedelta(seconds=120)
    """So long that an upgrade is no silence: a worker may take 75 s to stop, and beats no more meanwhile."""

    worker = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=16, choices=WorkerKind)

    def __str__(self) -> str:
        return self.worker
