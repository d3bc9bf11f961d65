"""The engine that relays run: each step that is due is begun once, by one relay."""

import time
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.db.models.functions import Now

from alerts.escalation import asking, ending
from alerts.models import Alert, Engagement, Loop
from alerts.states import AlertState, EngagementState
from config import database

AT_ONCE = 400
"""Steps that a relay begins in one tick."""
TOGETHER = 50
"""Steps that one transaction begins: an answer to one of these alerts waits for its end."""
SECONDS = 0.5
"""After this time the relay goes on with its other work. It begins the rest in its next tick."""

log = structlog.get_logger(__name__)


def take_up_due() -> int:
    """Begin the steps that are due, the longest due first. Returns how many loops were moved on."""
    until = time.monotonic() + SECONDS
    due = Loop.objects.filter(ended_at=None, due_at__lte=Now()).order_by("due_at")
    keys = list(due.values_list("alert_id", flat=True)[:AT_ONCE])
    taken = 0
    for first in range(0, len(keys), TOGETHER):
        if time.monotonic() > until:
            break
        taken += _take_up(keys[first : first + TOGETHER])
    return taken


def _take_up(keys: Sequence[int]) -> int:
    try:
        with transaction.atomic():
            return _steps(keys)
    except database.AWAY:
        raise
    except Exception:
        # One loop that cannot go on must not stop the others. It stays due, and the checks report that.
        if len(keys) == 1:
            log.exception("escalation.step_failed", alert_id=keys[0])
            return 0
    half = len(keys) // 2
    return _take_up(keys[:half]) + _take_up(keys[half:])


def _steps(keys: Sequence[int]) -> int:
    # If another relay has the alert, it begins the step; staff's actions and answers are done with it in a moment.
    locked = Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    alerts = {alert.pk: alert for alert in locked.filter(pk__in=keys)}
    due = Loop.objects.select_for_update().filter(alert__in=list(alerts), ended_at=None, due_at__lte=Now())
    loops = list(due.order_by("due_at"))
    for loop in loops:
        loop.alert = alerts[loop.pk]
        if loop.alert.state != AlertState.OPEN:
            ending.close_loop(loop.alert)  # nothing should leave such a loop open; it asks nobody any more
    going_on = [loop for loop in loops if loop.alert.state == AlertState.OPEN]
    if going_on:
        _end_waits(going_on)
        asking.ask_next(going_on)
    return len(loops)


def _end_waits(loops: Sequence[Loop]) -> None:
    """Mark people whose time is over as not having answered."""
    over = Engagement.objects.filter(
        alert__in=[loop.pk for loop in loops], state=EngagementState.ASKED, due_at__lte=Now()
    )
    found = dict(over.values_list("pk", "alert_id"))
    Engagement.objects.filter(pk__in=list(found)).update(state=EngagementState.UNDEFINED, ended_at=Now())
    for alert_id in found.values():
        log.info("alert.unanswered", alert_id=alert_id)
