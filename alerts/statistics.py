"""Statistics of a day or a week, for Home. One query each.

With 200,000 alerts in seven days each takes well under a second. Callers cache them for some seconds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

from django.db.models import (
    Aggregate,
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    When,
)
from django.db.models.functions import Now, Trunc
from django.utils import timezone

from alerts import labels
from alerts.models import Alert, Attempt
from alerts.models.alert import one_in
from alerts.states import AlertState, AlertStatus, AttemptState, DeliveryState
from contacts.choices import Channel, Priority


class Period(Enum):
    """A period of statistics: its length, and the unit of its chart."""

    DAY = "day", timedelta(hours=24), "hour"
    WEEK = "week", timedelta(days=7), "day"

    def __init__(self, word: str, length: timedelta, unit: str) -> None:
        self.word = word
        self.length = length
        self.unit = unit

    @property
    def time_zone(self) -> tzinfo:
        """The time zone for the hours or days of the chart. UTC for hours: local time has one hour twice when the
        clocks go back.
        """
        return UTC if self is Period.DAY else timezone.get_current_timezone()


@dataclass(frozen=True)
class AlertCount:
    """How many alerts have this hour or day, this priority, this status, and these two flags."""

    at: datetime
    priority: Priority
    status: AlertStatus
    alerts: int
    dealt_with: bool = False
    """Whether staff have marked them as dealt with."""
    in_doubt: bool = False
    """Whether they count as failed but may have arrived, because an answer was lost."""

    @property
    def words(self) -> str:
        """The status as staff read it."""
        return labels.IN_DOUBT if self.in_doubt else str(self.status.label)


@dataclass(frozen=True)
class Latency:
    """Seconds from intake until the provider accepted the message, for one channel: median and 95th percentile."""

    channel: Channel
    messages: int
    p50: float
    p95: float


class Percentile(Aggregate):
    """PostgreSQL's `percentile_cont`."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def alert_counts(period: Period) -> list[AlertCount]:
    """Alerts by hour or day, priority, status, doubt and whether they were dealt with, oldest first."""
    rows = (
        Alert.objects.without_tests()
        .with_status()
        .alias(unknown=one_in(DeliveryState.UNKNOWN))
        .filter(created_at__gt=Now() - period.length)
        .annotate(
            at=Trunc("created_at", period.unit, output_field=DateTimeField(), tzinfo=period.time_zone),
            dealt_with=Case(When(state=AlertState.CLOSED, then=True), default=False),
            in_doubt=Case(When(failed=True, unknown__isnull=False, then=True), default=False),
        )
        .order_by("at")
        .values_list("at", "priority", "status", "dealt_with", "in_doubt")
        .annotate(alerts=Count("pk"))
    )
    return [
        AlertCount(at, Priority(priority), AlertStatus(status), alerts, dealt_with, in_doubt)
        for at, priority, status, dealt_with, in_doubt, alerts in rows
    ]


def latencies(period: Period) -> list[Latency]:
    """For each channel in use, how long acceptance took. Later rounds do not count."""
    took = ExpressionWrapper(F("finished_at") - F("delivery__alert__created_at"), DurationField())
    rows = (
        Attempt.objects.filter(
            # A person who is asked later waits for other people's time to run out, not for a provider.
            Q(delivery__engagement=None) | Q(delivery__engagement__number=1),
            delivery__alert__in=Alert.objects.without_tests(),
            state=AttemptState.SENT,
            delivery__round=1,  # nor do notices, which have round 0
            delivery__alert__created_at__gt=Now() - period.length,
            channel__in=Channel.values,
            started_at__gt=Now() - period.length,
        )
        .order_by()
        .values_list("channel")
        .annotate(
            messages=Count("pk"),
            p50=Percentile(took, fraction=0.5),
            p95=Percentile(took, fraction=0.95),
        )
    )
    return sorted(
        (
            Latency(Channel(channel), messages, p50.total_seconds(), p95.total_seconds())
            for channel, messages, p50, p95 in rows
        ),
        key=lambda found: list(Channel).index(found.channel),
    )
