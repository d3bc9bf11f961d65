"""The engine that relays run: every step that is due is taken up, by one relay, once."""

import time

import structlog
from django.db import transaction
from django.db.models.functions import Now

from alerts.escalation import asking, ending
from alerts.models import Alert, Engagement, Loop
from alerts.states import AlertState, EngagementState
from config import database

AT_ONCE = 200
"""Steps that one tick of a relay takes up."""
SECONDS = 0.5
"""After so long the relay goes on with its other work, and takes the rest up in its next tick."""

log = structlog.get_logger(__name__)


def take_up_due() -> int:
    """Take up the steps that are due, the longest due first. Returns how many loops were moved."""
    until = time.monotonic() + SECONDS
    due = Loop.objects.filter(ended_at=None, due_at__lte=Now()).order_by("due_at")
    taken = 0
    for alert_id in list(due.values_list("alert_id", flat=True)[:AT_ONCE]):
        if time.monotonic() > until:
            break
        taken += _take_up(alert_id)
    return taken


def _take_up(alert_id: int) -> bool:
    try:
        with transaction.atomic():
            return _step(alert_id)
    except database.AWAY:
        raise
    except Exception:
        # One loop that cannot go on must not stop the others. It stays due, and the checks report that.
        log.exception("escalation.step_failed", alert_id=alert_id)
        return False


def _step(alert_id: int) -> bool:
    # Another relay that has the alert takes the step up; staff and answers are done with it in a moment.
    alerts = Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    alert = alerts.filter(pk=alert_id).first()
    if alert is None:
        return False
    due = Loop.objects.select_for_update().filter(alert=alert_id, ended_at=None, due_at__lte=Now())
    loop = due.first()
    if loop is None:
        return False
    if alert.state != AlertState.OPEN:
        ending.close_loop(alert)  # nothing should leave it open; it asks nobody any more
        return True
    asked = Engagement.objects.filter(alert=alert, state=EngagementState.ASKED, due_at__lte=Now())
    if asked.update(state=EngagementState.UNDEFINED, ended_at=Now()):
        log.info("alert.unanswered", alert_id=alert_id)
    asking.ask_next(loop, alert)
    return True
