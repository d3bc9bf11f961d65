"""All metrics, in Prometheus's form.

They are read from the ledger on each scrape, so every process shows the same and they survive restarts.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Case, Count, Sum, When
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from alerts.models import Alert, Delivery, Refusal, RefusalReason
from alerts.monitoring import checks, report
from alerts.monitoring.loops import Asking
from contacts.choices import Priority


class LedgerCollector(Collector):
    """Reads the ledger once per scrape. Health checks may be a few seconds old."""

    def collect(self) -> Iterator[Metric]:
        newest = report.recent.get()
        yield _gauge(
            "bleep_oldest_due_seconds",
            "How long the longest-waiting delivery has gone without an attempt.",
            priority=newest.waiting_seconds,
        )
        yield from _of_messages()
        yield GaugeMetricFamily(
            "bleep_unreviewed_failures", "Open alerts that have failed.", value=unreviewed_failures()
        )
        yield from _of_loops(newest.asking)
        yield _gauge(
            "bleep_refused_alerts",
            "Refused requests of known systems that nobody has seen, and whose alerts were not accepted since.",
            reason=refused_requests(),
        )
        yield _gauge(
            "bleep_check",
            "The value of each health check.",
            finding={each.name: each.value for each in newest.findings},
        )
        yield _gauge(
            "bleep_check_ok",
            "1 if the health check is within its limit.",
            finding={each.name: int(each.ok) for each in newest.findings},
        )


def _gauge(name: str, says: str, **by: Mapping[Any, float]) -> Metric:
    """A gauge with one label, which `by` names, and its values."""
    [(label, values)] = by.items()
    gauge = GaugeMetricFamily(name, says, labels=[label])
    for word, value in values.items():
        gauge.add_metric([str(word)], value)
    return gauge


def _of_messages() -> Iterator[Metric]:
    """Deliveries, with notices apart: a notice that fails leaves no alert unheard."""
    deliveries = GaugeMetricFamily(
        "bleep_deliveries",
        "Deliveries of the last day's alerts, without notices.",
        labels=["channel", "state"],
    )
    notices = GaugeMetricFamily(
        "bleep_notices",
        "Short messages of the last day's alerts that tell how asking ended.",
        labels=["channel", "state"],
    )
    for (channel, state, is_notice), count in messages_by_state().items():
        (notices if is_notice else deliveries).add_metric((channel, state), count)
    yield from (deliveries, notices)


def _of_loops(asking: dict[Priority, Asking]) -> Iterator[Metric]:
    """The closed loop, by priority. No metric says who is asked."""
    yield _gauge(
        "bleep_open_loops",
        "Alerts about which somebody is asked.",
        priority={each: found.under_way for each, found in asking.items()},
    )
    yield _gauge(
        "bleep_exhausted_alerts",
        "Open alerts that nobody has accepted, and about which nobody is left to ask.",
        priority={each: found.exhausted for each, found in asking.items()},
    )
    yield _gauge(
        "bleep_unanswered_seconds",
        "The age of the oldest alert that wants an answer and has none.",
        priority={each: found.unanswered_seconds for each, found in asking.items()},
    )


def unreviewed_failures() -> int:
    """Open alerts that no message can reach any more: work for staff, not a fault of the system."""
    return Alert.objects.needing_attention().count()


def refused_requests() -> dict[str, int]:
    """Open requests in the register, by reason; 0 for a reason without one."""
    found = Refusal.objects.open().order_by().values("reason").annotate(total=Sum("requests"))
    counted = dict(found.values_list("reason", "total"))
    return {reason: counted.get(reason, 0) for reason in RefusalReason.values}


def messages_by_state() -> dict[tuple[str, str, bool], int]:
    """Recent deliveries by channel, state, and whether they are notices; without channel tests."""
    recent = Alert.objects.without_tests().filter(created_at__gt=Now() - checks.RECENTLY)
    is_notice = Case(When(notice="", then=False), default=True)
    rows = Delivery.objects.filter(alert__in=recent).annotate(is_notice=is_notice)
    counted = rows.values_list("channel", "state", "is_notice").annotate(deliveries=Count("pk"))
    return {(channel, state, is_notice): count for channel, state, is_notice, count in counted}


def exposition() -> bytes:
    """All metrics as Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector())
    return generate_latest(registry)
