"""The home page: what staff see first after they log in."""

from dataclasses import dataclass
from typing import Any

import structlog
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from alerts import statistics
from alerts.states import AlertStatus
from alerts.statistics import AlertCount, Period
from staff.home import attention, charts
from staff.home.attention import Link
from staff.home.remembered import remembered

SECONDS = {Period.DAY: 10.0, Period.WEEK: 60.0}
"""For so long figures are kept."""

WORDS = {Period.DAY: "Last 24 hours", Period.WEEK: "Last 7 days"}

SHORTCUTS: tuple[tuple[str | None, str, str, str], ...] = (
    ("contacts.add_clinician", "person_add", "Add a clinician", "admin:contacts_clinician_add"),
    ("contacts.view_clinician", "search", "Find a clinician", "admin:contacts_clinician_changelist"),
    ("alerts.view_alert", "notifications", "Look at alerts", "admin:alerts_alert_changelist"),
    ("clients.add_apiclient", "dns", "Add a hospital system", "admin:clients_apiclient_add"),
    (None, "help", "Help", "admin:help"),
)
"""The permission (None is for everybody), an icon, the words and the page of what people come here for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sum:
    """A figure, and what it counts."""

    words: str
    alerts: int
    grave: bool = False
    note: str = ""

    @property
    def shown(self) -> str:
        return f"{self.alerts:,}"


def context(request: HttpRequest, shown: dict[str, Any]) -> dict[str, Any]:
    """What `admin/index.html` shows; `shown` is the admin's own context, with `app_list`."""
    user = request.user
    return {
        **shown,
        "attention": attention.look(user),
        "has_role": bool(shown["app_list"]),
        "shortcuts": [
            (icon, Link(words, reverse(page)))
            for permission, icon, words, page in SHORTCUTS
            if permission is None or user.has_perm(permission)
        ],
        **_figures(user, _period(request)),
    }


def _period(request: HttpRequest) -> Period:
    asked = request.GET.get("period")
    return next((period for period in Period if period.word == asked), Period.DAY)


def _figures(user: User | AnonymousUser, period: Period) -> dict[str, Any]:
    if not user.has_perm("alerts.view_alert"):
        return {}
    try:
        counts = remembered(statistics.alert_counts, period, seconds=SECONDS[period])
        latencies = remembered(statistics.latencies, period, seconds=SECONDS[period])
    except Error as error:
        log.error("home.unanswered", about="figures", error=type(error).__name__)  # noqa: TRY400 - no text of it
        return {"figures_failed": True}
    shown: dict[str, Any] = {
        "periods": [(WORDS[each], f"?period={each.word}", each is period) for each in Period],
        "period": WORDS[period].lower(),
        "figures_at": min(counts.at, latencies.at),
        "sums": _sums(counts.value),
        "refreshed_every": round(SECONDS[period]),
    }
    if counts.value:
        shown["over_time"] = charts.over_time(counts.value, period, timezone.now())
        shown["by_priority"] = charts.by_priority(counts.value)
    if latencies.value:
        shown["latency"] = charts.time_to_provider(latencies.value)
    return shown


def _sums(counts: list[AlertCount]) -> list[Sum]:
    def count(*statuses: AlertStatus) -> int:
        return sum(each.alerts for each in counts if each.status in statuses)

    failed = count(AlertStatus.FAILED)
    dealt_with = sum(each.alerts for each in counts if each.status is AlertStatus.FAILED and each.dealt_with)
    return [
        Sum("Alerts", count(*AlertStatus)),
        Sum("Sent or delivered", count(AlertStatus.SENT, AlertStatus.DELIVERED, AlertStatus.ACKNOWLEDGED)),
        Sum("On their way", count(AlertStatus.QUEUED)),
        Sum(
            "Failed",
            failed,
            grave=failed > dealt_with,
            note=f"{dealt_with:,} dealt with" if dealt_with else "",
        ),
    ]
