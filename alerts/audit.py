"""The watchdog: whether the promise is being kept at this moment. What it finds goes to metrics, `/readyz` and logs.

Each finding is one query over the ledger, by the database's clock; nothing is counted on the side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Least, Now

from alerts.models import Alert, Attempt, Delivery, RelayHeartbeat
from alerts.states import NEEDS_REASON, AlertState, AlertStatus, DeliveryState
from contacts.choices import Priority

OBJECTIVE: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=30),
    Priority.MEDIUM: timedelta(minutes=5),
    Priority.LOW: timedelta(minutes=30),
}
"""How long a delivery of each priority may be due without having been tried."""
LEASE_OVERRUN = timedelta(seconds=30)
UNCLAIMED = timedelta(seconds=60)
RECENTLY = timedelta(days=1)
"""How far back is looked at what grows for ever: a look must stay cheap, since it is made every few seconds."""


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


def findings() -> list[Finding]:
    """All that the watchdog looks at, in a fixed order."""
    return [finding for look in LOOKS for finding in look()]


def waiting_seconds() -> dict[Priority, float]:
    """For each priority how long, in seconds, a waiting delivery has not been tried at the most; 0 where none waits.

    Counted from the last attempt or, where there was none, from the making. What is put off again and again, since its
    channel is over its budget or down, grows old all the same.
    """
    last_tried = Attempt.objects.filter(delivery=OuterRef("pk")).order_by("-number").values("finished_at")[:1]
    since = Least("available_at", Coalesce(Subquery(last_tried), F("created_at")))
    age = ExpressionWrapper(Now() - Min(since), output_field=DurationField())
    waiting = Delivery.objects.filter(state=DeliveryState.PENDING)
    longest = dict(waiting.values("priority").annotate(longest=age).values_list("priority", "longest"))
    return {priority: longest.get(priority, timedelta()).total_seconds() for priority in Priority}


def _oldest_due() -> list[Finding]:
    return [
        Finding(
            f"oldest_due_seconds_{priority.name.lower()}",
            seconds,
            OBJECTIVE[priority].total_seconds(),
            f"{priority.label} deliveries wait longer than they should: look at relay, workers and Redis.",
        )
        for priority, seconds in waiting_seconds().items()
    ]


def _left_lying() -> list[Finding]:
    """Two findings of one query: the condition as a whole is served by the partial indexes of either."""
    expired = Q(state=DeliveryState.SENDING, lease_expires_at__lt=Now() - LEASE_OVERRUN)
    unclaimed = Q(
        state=DeliveryState.PENDING,
        priority=Priority.HIGH,
        available_at__lte=Now() - UNCLAIMED,
        handed_over_at__isnull=False,
    )
    found = Delivery.objects.filter(expired | unclaimed).aggregate(
        expired=Count("pk", filter=expired), unclaimed=Count("pk", filter=unclaimed)
    )
    return [
        Finding(
            "expired_leases",
            found["expired"],
            0,
            "Leases have run out and nobody recovers them: is a relay running?",
        ),
        Finding(
            "unclaimed_urgent",
            found["unclaimed"],
            0,
            "Workers take no urgent deliveries: restart them, look at Redis.",
        ),
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


def _relays() -> list[Finding]:
    silent = 0 if RelayHeartbeat.objects.fresh().exists() else 1
    return [Finding("relays_silent", silent, 0, "No relay has reported lately: start `manage.py relay`.")]


LOOKS: tuple[Callable[[], list[Finding]], ...] = (
    _oldest_due,
    _left_lying,
    _alerts_without_delivery,
    _relays,
)


def unreviewed_failures() -> int:
    """Open alerts that nothing can reach any more: for staff to look at, and no fault of the system."""
    ended_badly = Delivery.objects.filter(state__in=NEEDS_REASON).values("alert")
    failed = Alert.objects.with_status().filter(Q(("status", AlertStatus.FAILED)))
    return failed.filter(state=AlertState.OPEN, pk__in=ended_badly).count()


def deliveries_by_state() -> dict[tuple[str, str], int]:
    """How many deliveries of recent alerts there are of each channel and state."""
    rows = Delivery.objects.filter(alert__created_at__gt=Now() - RECENTLY).values_list("channel", "state")
    return {(channel, state): count for channel, state, count in rows.annotate(deliveries=Count("pk"))}
