"""The charts of the home page, and tables of the same numbers for users who cannot see a chart."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format

from alerts import labels
from alerts.states import AlertStatus
from alerts.statistics import AlertCount, Latency, Period
from contacts.choices import Priority
from theme import charts
from theme.charts import Chart
from theme.times import duration

COLOURS: dict[str, str] = {
    AlertStatus.DELIVERED.label: charts.GREEN,
    AlertStatus.SENT.label: charts.BLUE,
    AlertStatus.ACKNOWLEDGED.label: charts.TEAL,
    AlertStatus.QUEUED.label: charts.VIOLET,
    labels.IN_DOUBT: charts.AMBER,
    AlertStatus.FAILED.label: charts.RED,
    AlertStatus.CANCELLED.label: charts.GREY,
    AlertStatus.WITHDRAWN.label: charts.GREY,
}
"""The same colours as those of the badges in the list of alerts."""


@dataclass(frozen=True)
class Table:
    """The numbers of a chart: a header, and rows that begin with their label."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def over_time(counts: list[AlertCount], period: Period, now: datetime) -> Chart:
    """Alerts by hour or day, stacked by status."""
    counted: Counter[tuple[datetime, str]] = Counter()
    for each in counts:
        counted[each.at, each.words] += each.alerts
    starts = list(_starts(period, now))
    names = [date_format(timezone.localtime(at), "H:i" if period is Period.DAY else "D j M") for at in starts]
    lines = {status: [counted[at, status] for at in starts] for status in _statuses(counts)}
    busiest = max(starts, key=lambda at: sum(counted[at, status] for status in COLOURS))
    most = sum(counted[busiest, status] for status in COLOURS)
    return Chart(
        f"Alerts by {period.unit}",
        f"One bar for each {period.unit}, coloured by status. The highest is "
        f"{names[starts.index(busiest)]} with {most:,}.",
        charts.data(names, ((status, COLOURS[status], values) for status, values in lines.items())),
        charts.options(stacked=True),
    )


def by_priority(counts: list[AlertCount]) -> tuple[Chart, Table]:
    """Alerts of each priority, by status."""
    counted: Counter[tuple[Priority, str]] = Counter()
    for each in counts:
        counted[each.priority, each.words] += each.alerts
    statuses = _statuses(counts)
    chart = Chart(
        "By priority",
        "Bars for High, Medium and Low, coloured by status. The table has the same numbers.",
        charts.data(
            [priority.label for priority in Priority],
            ((s, COLOURS[s], [counted[priority, s] for priority in Priority]) for s in statuses),
        ),
        charts.options(stacked=True),
    )
    rows = [(status, [counted[priority, status] for priority in Priority]) for status in statuses]
    sums = ("All", [sum(column) for column in zip(*(values for _, values in rows), strict=True)])
    return chart, Table(
        ("Status", *(priority.label for priority in Priority), "All"),
        tuple(
            (name, *(f"{value:,}" for value in values), f"{sum(values):,}") for name, values in [*rows, sums]
        ),
    )


def time_to_provider(latencies: list[Latency]) -> tuple[Chart, Table]:
    """How long each channel took, from accepting an alert until the provider accepted the message."""
    chart = Chart(
        "Time to the provider",
        "Two bars for each channel: the time within which the provider accepted half of its messages, and "
        "95%. The table has the same numbers.",
        charts.data(
            [each.channel.label for each in latencies],
            (
                ("Half within", charts.BLUE, [round(each.p50, 2) for each in latencies]),
                ("95% within", charts.AMBER, [round(each.p95, 2) for each in latencies]),
            ),
        ),
        charts.options(stacked=False, unit="seconds"),
    )
    return chart, Table(
        ("Channel", "Messages", "Half within", "95% within"),
        tuple(
            (each.channel.label, f"{each.messages:,}", _words(each.p50), _words(each.p95))
            for each in latencies
        ),
    )


def _words(seconds: float) -> str:
    return duration(timedelta(seconds=seconds))


def _starts(period: Period, now: datetime) -> Iterator[datetime]:
    """The start of each hour or day in the period, as the database truncates them."""
    now = now.astimezone(period.time_zone)
    if period is Period.DAY:
        last = now.replace(minute=0, second=0, microsecond=0)
        yield from (last - timedelta(hours=back) for back in reversed(range(25)))
    else:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        yield from (midnight - timedelta(days=back) for back in reversed(range(8)))


def _statuses(counts: list[AlertCount]) -> list[str]:
    seen = {each.words for each in counts}
    return [status for status in COLOURS if status in seen]
