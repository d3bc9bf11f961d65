"""Corrects waits that began before the database's clock was set back: otherwise they would be too long."""

from datetime import timedelta
from functools import cache
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now

from alerts.models import Alert, Engagement, Loop
from alerts.states import EngagementState

AT_ONCE = 200
"""How many loops are corrected in one run."""
TOLERANCE = timedelta(seconds=2)
"""How far ahead a date may be although the clock was not set back: the statement that reads it may have begun
earlier."""

log = structlog.get_logger(__name__)


def correct() -> int:
    """Let waits that seem to begin in the future begin now. Returns how many. One query if there are none."""
    with connection.cursor() as cursor:
        cursor.execute(*_ahead())
        found = [alert_id for (alert_id,) in cursor.fetchall()]
    corrected = sum(_correct(alert_id) for alert_id in found)
    if corrected:
        log.warning("clock.set_back", count=corrected)
    return corrected


@cache
def _ahead() -> tuple[str, tuple[Any, ...]]:
    """The query for loops with an impossible date. It is built once, because relays run it all the time."""
    ahead = Loop.objects.filter(_is_ahead(), ended_at=None).values_list("alert_id")
    return ahead[:AT_ONCE].query.sql_with_params()


def _is_ahead() -> Q:
    """The condition: somebody seems to be asked in the future; or nobody is asked, so that the next step should have
    begun.
    """
    asked = Engagement.objects.filter(alert=OuterRef("pk"), state=EngagementState.ASKED)
    later = Now() + TOLERANCE
    return Q(Exists(asked.filter(asked_at__gt=later))) | Q(~Exists(asked), due_at__gt=later)


def _correct(alert_id: int) -> bool:
    with transaction.atomic():
        # Another process that has the alert is changing it anyway.
        alerts = Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        if not alerts.filter(pk=alert_id).first():
            return False
        loop = Loop.objects.select_for_update().filter(_is_ahead(), alert=alert_id, ended_at=None).first()
        if loop is None:
            return False
        asked = Engagement.objects.filter(alert=alert_id, state=EngagementState.ASKED)
        asked.update(due_at=Now() + (F("due_at") - F("asked_at")), asked_at=Now())
        newest = asked.order_by("-number").values_list("due_at", flat=True).first()
        loop.due_at = newest or Now()
        loop.save(update_fields=["due_at"])
    return True
