"""All metrics, in Prometheus's form.

They are read from the ledger on each scrape, so every process shows the same and they survive restarts.
"""

from collections.abc import Iterator

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
        waiting = GaugeMetricFamily(
            "bleep_oldest_due_seconds",
            "How long the longest-waiting delivery has gone without an attempt.",
            labels=["priority"],
        )
        for priority, seconds in newest.waiting_seconds.items():
            waiting.add_metric([priority.value], seconds)
        yield waiting
        yield from _of_messages()
        yield GaugeMetricFamily(
            "bleep_unreviewed_failures", "Open alerts that have failed.", value=unreviewed_failures()
        )
        yield from _of_loops(newest.asking)
        refused = GaugeMetricFamily(
            "bleep_refused_alerts",
            "Refused requests of known systems that nobody has seen, and whose alerts were not accepted since.",
            labels=["reason"],
        )
        for reason, count in refused_requests().items():
            refused.add_metric([reason], count)
        yield refused
        findings = GaugeMetricFamily("bleep_check", "The value of each health check.", labels=["finding"])
        passing = GaugeMetricFamily(
            "bleep_check_ok", "1 if the health check is within its limit.", labels=["finding"]
        )
        for finding in newest.findings:
            findings.add_metric([finding.name], finding.value)
            passing.add_metric([finding.name], 1 if finding.ok else 0)
        yield from (findings, passing)


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
    under_way = GaugeMetricFamily(
        "bleep_open_loops", "Alerts about which somebody is asked.", labels=["priority"]
    )
    exhausted = GaugeMetricFamily(
        "bleep_exhausted_alerts",
        "Open alerts that nobody has accepted, and about which nobody is left to ask.",
        labels=["priority"],
    )
    unanswered = GaugeMetricFamily(
        "bleep_unanswered_seconds",
        "The age of the oldest alert that wants an answer and has none.",
        labels=["priority"],
    )
    for priority, found in asking.items():
        under_way.add_metric([priority.value], found.under_way)
        exhausted.add_metric([priority.value], found.exhausted)
        unanswered.add_metric([priority.value], found.unanswered_seconds)
    yield from (under_way, exhausted, unanswered)


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
