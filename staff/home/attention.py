"""What needs attention now: checks, and the items that they show to the users who may see them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import Error
from django.db.models.functions import Now
from django.utils import timezone

from alerts import attention
from alerts.models import Alert
from alerts.monitoring import checks, report
from alerts.sending import delays
from clients import tokens
from clients.models import ApiToken
from config import database
from contacts import problems
from oncall import problems as plan_problems
from staff.home import alert_rows, away, failing_tries, items, refused, unanswered
from staff.home.cache import cached
from staff.home.items import Item
from staff.home.reader import Reader

SECONDS = 5.0
"""How long a result is cached: short, so that a solved problem soon leaves the page."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Attention:
    """The items, with unanswered and urgent ones first, and the time of the checks."""

    items: list[Item]
    at: datetime
    database_is_away: bool = False
    """Whether the database failed, so that not everything was checked."""

    @property
    def count(self) -> int:
        """How many things need attention, for the title of the browser's tab."""
        return sum(each.count for each in self.items)

    @property
    def high(self) -> list[int]:
        """The keys of the High alerts that need attention."""
        return [key for each in self.items for key in each.high]


@dataclass(frozen=True)
class Check:
    """A query, and a function that makes items of its result."""

    subject: str
    """What cannot be checked if the query fails."""
    query: Callable[[], Any]
    describe: Callable[[Any, Reader], Iterable[Item]]
    permission: str | None = None
    """The permission to see it; None means everybody."""


def check(user: User | AnonymousUser) -> Attention:
    """The items for this user. At most one query per check. A check that fails becomes an item too."""
    allowed = [each for each in CHECKS if each.permission is None or user.has_perm(each.permission)]
    reader = Reader(user)
    found: list[Item] = []
    times = [timezone.now()]
    for each in allowed:
        try:
            result = cached(each.query, seconds=SECONDS)
            found += each.describe(result.value, reader)
            times.append(result.at)
        except Error as error:
            log.error("home.unanswered", about=each.subject, error=type(error).__name__)  # noqa: TRY400 - no text
            if isinstance(error, database.AWAY):  # the other checks would only wait again
                found.append(items.database_failed(database.cause(error)))
                return Attention(found, min(times), database_is_away=True)
            found.append(items.check_failed(each.subject))
    return Attention(
        sorted(found, key=lambda item: (not item.first, not item.urgent)), min(times[1:] or times)
    )


def _in_vain() -> list[Alert]:
    """Alerts whose tries keep failing. One query, besides those that find out whether the providers answer."""
    outages = cached(delays.outages, seconds=SECONDS).value
    return failing_tries.first(down=[each.channel for each in outages])


def _tokens() -> list[ApiToken]:
    """Tokens that have expired in use, and those that expire soon. One query."""
    return list((tokens.refused() | tokens.expiring()).select_related("client"))


def _break_glass() -> list[User]:
    """Logins for emergencies that were used within the last day. One query, if there are such logins."""
    if not settings.BREAK_GLASS_LOGINS:
        return []
    named = User.objects.filter(username__in=settings.BREAK_GLASS_LOGINS)
    return list(named.filter(last_login__gt=Now() - checks.RECENTLY).order_by("last_login"))


CHECKS = (
    Check("whether Bleep is sending", report.findings, items.of_findings),
    Check("whether the providers answer", delays.outages, items.of_outages),
    Check("logins for emergencies", _break_glass, items.of_break_glass),
    Check("refused alerts", refused.high, refused.of_high, "alerts.view_refusal"),
    Check("alerts that nobody has taken on", attention.unanswered, unanswered.of_alerts, "alerts.view_alert"),
    Check("failed alerts", attention.unreached, alert_rows.of_alerts, "alerts.view_alert"),
    Check("alerts whose tries keep failing", _in_vain, failing_tries.of_alerts, "alerts.view_alert"),
    Check(
        "unconfirmed e-mail addresses", problems.unconfirmed, items.of_unconfirmed, "contacts.view_clinician"
    ),
    Check("clinicians with a problem", problems.summary, items.of_clinicians, "contacts.view_clinician"),
    Check("who is away without cover", away.without_cover, away.of_absent, "oncall.view_cover"),
    Check("plans with a problem", plan_problems.in_use, away.of_plans, "oncall.view_plan"),
    Check("tokens that expire", _tokens, items.of_tokens, "clients.view_apitoken"),
)
