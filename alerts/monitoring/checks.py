"""Health checks: is the promise kept right now? The watchdog runs them; `/readyz` and `/metrics` show the result.

Each check is one query over the ledger, by the database's clock. Nothing is counted on the side.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import Error
from django.db.models import (
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Min,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Least, Now

from alerts.models import Alert, Attempt, Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.states import DeliveryState
from contacts.choices import Priority

OBJECTIVE: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=30),
    Priority.MEDIUM: timedelta(minutes=5),
    Priority.LOW: timedelta(minutes=30),
}
"""How long a delivery of each priority may be due without having been tried."""
LEASE_OVERRUN = timedelta(seconds=30)
INSTEAD = WorkerHeartbeat.FRESH
"""For so long it is said that relays sent instead of workers: until workers that hang are missed."""
RECENTLY = timedelta(days=1)
"""How far back is looked at what grows for ever: a look must stay cheap, since it is made every few seconds."""
KEPT_SECONDS = 5.0
WAIT_SECONDS = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `sentence` says what is wrong and what to do."""

    name: str
    value: float
    limit: float
    sentence: str

    @property
    def ok(self) -> bool:
        """Whether the value is within its limit."""
        return self.value <= self.limit


@dataclass(frozen=True)
class Report:
    """What one look at the ledger came to."""

    waiting_seconds: dict[Priority, float]
    findings: list[Finding]


class Recent:
    """The newest report, kept for a few seconds: anybody may ask `/readyz`, and as often as they like."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """As in a process that has just begun."""
        self._report: Report | Error = Error("Nobody has looked yet.")
        self._until = float("-inf")

    def report(self) -> Report:
        """The newest one that is not too old. One thread looks; who has waited for it for a second gets the last one.

        Raises:
            Error: the database failed, now or for who looked a moment ago: not everybody waits for it in turn.
        """
        if self._lock.acquire(timeout=WAIT_SECONDS):
            try:
                if time.monotonic() >= self._until:
                    self._report = self._look()
                    self._until = time.monotonic() + KEPT_SECONDS
            finally:
                self._lock.release()
        if isinstance(self._report, Error):
            raise self._report
        return self._report

    @staticmethod
    def _look() -> Report | Error:
        try:
            return report()
        except Error as error:
            return error


recent = Recent()


def report() -> Report:
    """All that there is to find at this moment, in a fixed order."""
    waiting = waiting_seconds()
    return Report(waiting, [*_oldest_due(waiting), *(finding for look in LOOKS for finding in look())])


def findings() -> list[Finding]:
    """Those of a new report."""
    return report().findings


def waiting_seconds() -> dict[Priority, float]:
    """For each priority how long, in seconds, a waiting delivery has not been tried at the most; 0 where none waits.

    Counted from the last attempt or, where there was none, from the making. What is put off again and again, since its
    channel is over its budget or down, grows old all the same.
    """
    last_tried = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-number").values("finished_at")[:1]
    # A backlog is mostly what was never tried: it is not looked up among the attempts.
    tried = Case(
        When(attempt_count=0, then=F("created_at")), default=Coalesce(Subquery(last_tried), F("created_at"))
    )
    since = Least("available_at", tried)
    age = ExpressionWrapper(Now() - Min(since), output_field=DurationField())
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
    longest = dict(waiting.values("priority").annotate(longest=age).values_list("priority", "longest"))
    return {priority: longest.get(priority, timedelta()).total_seconds() for priority in Priority}


def _oldest_due(waiting: dict[Priority, float]) -> list[Finding]:
    return [
        Finding(
            f"oldest_due_seconds_{priority.name.lower()}",
            seconds,
            OBJECTIVE[priority].total_seconds(),
            f"{priority.label} deliveries wait longer than they should: look at relay, workers and Redis.",
        )
        for priority, seconds in waiting.items()
    ]


def _expired_leases() -> list[Finding]:
    expired = Delivery.objects.filter(
        state=DeliveryState.SENDING, lease_expires_at__lt=Now() - LEASE_OVERRUN
    ).count()
    return [
        Finding(
            "expired_leases", expired, 0, "Leases have run out and nobody recovers them: is a relay running?"
        )
    ]


def _alerts_without_delivery() -> list[Finding]:
    lone = Alert.objects.filter(deliveries=None, created_at__gt=Now() - RECENTLY).count()
    return [
        Finding(
            "alerts_without_delivery",
            lone,
            0,
            "Alerts have no delivery, which cannot be: tell the developers.",
        )
    ]


def _processes() -> list[Finding]:
    """Relays and workers that are silent, and relays that do the workers' work. One query."""
    instead = Case(When(sent_itself_at__gt=Now() - INSTEAD, then=True), default=False)
    settled = Case(When(started_at__lt=Now() - WorkerHeartbeat.FRESH, then=True), default=False)
    relays = RelayHeartbeat.objects.fresh().values_list(Value("relay"), instead, settled)
    workers = WorkerHeartbeat.objects.fresh().values_list("kind", Value(value=False), Value(value=False))
    heard = list(relays.union(workers, all=True))
    kinds = {kind for kind, _, _ in heard}
    # While no relay has been at work for a while, the workers may still be starting, too.
    may_be_missed = any(at_work for _, _, at_work in heard)
    return [
        Finding(
            "relays_silent",
            int("relay" not in kinds),
            0,
            "No relay has reported lately: start `manage.py relay`.",
        ),
        # They send what is urgent when no worker does, so nothing is late and no queue grows, though workers hang.
        Finding(
            "relays_send_themselves",
            sum(sent for _, sent, _ in heard),
            0,
            "Relays had to send urgent deliveries, since no worker took them: restart `worker-urgent`, look at Redis.",
        ),
        *(
            Finding(
                f"workers_silent_{kind.value}", int(may_be_missed and kind.value not in kinds), 0, sentence
            )
            for kind, sentence in SILENT_WORKERS.items()
        ),
    ]


SILENT_WORKERS: dict[WorkerKind, str] = {
    WorkerKind.URGENT: "No worker for urgent deliveries has reported lately: start `worker-urgent`, look at Redis.",
    WorkerKind.OTHERS: "No worker for all deliveries has reported lately: start `worker`, look at Redis.",
}
LOOKS: tuple[Callable[[], list[Finding]], ...] = (
    _expired_leases,
    _alerts_without_delivery,
    _processes,
)


def unreviewed_failures() -> int:
    """Open alerts that nothing can reach any more: for staff to look at, and no fault of the system."""
    return Alert.objects.needing_attention().count()


def deliveries_by_state() -> dict[tuple[str, str], int]:
    """How many deliveries of recent alerts there are of each channel and state; staff's tests are not counted."""
    recent = Alert.objects.without_tests().filter(created_at__gt=Now() - RECENTLY)
    rows = Delivery.objects.filter(alert__in=recent).values_list("channel", "state")
    return {(channel, state): count for channel, state, count in rows.annotate(deliveries=Count("pk"))}
