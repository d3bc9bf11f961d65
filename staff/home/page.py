"""The home page, which staff see first when they log in."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import structlog
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from alerts import labels, statistics
from alerts.admin.filters import DOUBT
from alerts.states import AlertStatus
from alerts.statistics import AlertCount, Period
from staff import first_alert
from staff.home import attention, charts
from staff.home.cache import cached
from staff.home.items import Link

SECONDS = {Period.DAY: 10.0, Period.WEEK: 60.0}
"""How long statistics are cached."""

PERIODS = {Period.DAY: "Last 24 hours", Period.WEEK: "Last 7 days"}

SHOWN = (AlertStatus.QUEUED, AlertStatus.SENT, AlertStatus.DELIVERED)
"""The statuses that are always shown as a number, besides Failed."""

SHORTCUTS: tuple[tuple[str | None, str, str, str], ...] = (
    ("contacts.add_clinician", "person_add", "Add a clinician", "admin:contacts_clinician_add"),
    ("contacts.view_clinician", "search", "Find a clinician", "admin:contacts_clinician_changelist"),
    ("alerts.view_alert", "notifications", "Look at alerts", "admin:alerts_alert_changelist"),
    ("clients.add_apiclient", "dns", "Add a hospital system", "admin:clients_apiclient_add"),
    (None, "help", "Help", "admin:help"),
)
"""The permission (None means everybody), icon, text and page of each shortcut."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Total:
    """A number of alerts, and what it counts."""

    label: str
    alerts: int
    url: str = ""
    urgent: bool = False
    note: str = ""

    @property
    def formatted(self) -> str:
        return f"{self.alerts:,}"


def context(request: HttpRequest, shown: dict[str, Any]) -> dict[str, Any]:
    """The context of `admin/index.html`. `shown` is the admin's own context, with `app_list`."""
    user = request.user
    checked = attention.check(user)
    return {
        **shown,
        "attention": checked,
        "has_role": bool(shown["app_list"]),
        "shortcuts": [
            (icon, Link(text, reverse(page)))
            for permission, icon, text, page in SHORTCUTS
            if permission is None or user.has_perm(permission)
        ],
        **({} if checked.database_is_away else _statistics(user, _period(request))),
    }


def _period(request: HttpRequest) -> Period:
    asked = request.GET.get("period")
    return next((period for period in Period if period.word == asked), Period.DAY)


def _statistics(user: User | AnonymousUser, period: Period) -> dict[str, Any]:
    if not user.has_perm("alerts.view_alert"):
        return {}
    try:
        counts = cached(statistics.alert_counts, period, seconds=SECONDS[period])
        latencies = cached(statistics.latencies, period, seconds=SECONDS[period])
    except Error as error:
        log.error("home.unanswered", about="statistics", error=type(error).__name__)  # noqa: TRY400 - no text
        return {"statistics_failed": True}
    shown: dict[str, Any] = {
        "periods": [(PERIODS[each], f"?period={each.word}", each is period) for each in Period],
        "period": PERIODS[period].lower(),
        "statistics_at": min(counts.at, latencies.at),
        "totals": _totals(counts.value, since=counts.at - period.length),
        "refreshed_every": round(SECONDS[period]),
    }
    if not counts.value and first_alert.is_missing(user):
        shown["first_alert"] = first_alert.demo() or {"what": ""}
    if counts.value:
        shown["over_time"] = charts.over_time(counts.value, period, timezone.now())
        shown["by_priority"] = charts.by_priority(counts.value)
    if latencies.value:
        shown["latency"] = charts.time_to_provider(latencies.value)
    return shown


def _totals(counts: list[AlertCount], since: datetime) -> list[Total]:
    """A number for each status, by the words of the list and the charts, and one for all alerts."""

    def total(words: str, listed_as: str) -> Total:
        return Total(words, _sum(each for each in counts if each.words == words), _listed(since, listed_as))

    def failures(words: str, listed_as: str) -> Total:
        number = total(words, listed_as)
        closed = _sum(each for each in counts if each.words == words and each.dealt_with)
        note = f"{closed:,} dealt with" if closed else ""
        return replace(number, urgent=number.alerts > closed, note=note)

    acknowledged = total(str(AlertStatus.ACKNOWLEDGED.label), AlertStatus.ACKNOWLEDGED)
    in_doubt = failures(labels.IN_DOUBT, DOUBT)
    return [
        Total("Alerts", _sum(counts), _listed(since)),
        *(total(str(status.label), status) for status in SHOWN),
        *(each for each in (acknowledged, in_doubt) if each.alerts),
        failures(str(AlertStatus.FAILED.label), AlertStatus.FAILED),
    ]


def _sum(counts: Iterable[AlertCount]) -> int:
    return sum(each.alerts for each in counts)


def _listed(since: datetime, status: str = "") -> str:
    """The link to the list of exactly the alerts that a number counts."""
    local = timezone.localtime(since)
    asked = {
        **({"status": status} if status else {}),
        "created_at_from_0": f"{local:%d/%m/%Y}",
        "created_at_from_1": f"{local:%H:%M:%S}",
    }
    return f"{reverse('admin:alerts_alert_changelist')}?{urlencode(asked)}"
