"""Asking a person: whom a step of the plan means now, and what is sent to them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max, Q
from django.db.models.functions import Now

from alerts.deliveries import opening
from alerts.models import Alert, Delivery, Engagement, Loop
from alerts.states import EngagementState, LoopOutcome, Why
from config import tracing
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Route
from oncall.asked import whom
from oncall.models import Target
from oncall.plans import FrozenPlan, FrozenStep

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asked:
    """Somebody who can be asked now, and how to reach them."""

    clinician: Clinician
    route: Route
    why: Why


def begin(alert: Alert, plan: FrozenPlan) -> Delivery | None:
    """Begin the loop of a new alert, and ask the first person who can be. Call in the transaction that stores it.

    Returns the first delivery; None if the plan has nobody who can be reached.
    """
    Alert.objects.filter(pk=alert.pk).update(has_loop=True)
    alert.has_loop = True
    loop = Loop.objects.create(alert=alert, plan=plan.as_json(), due_at=Now())
    return ask_next(loop, alert)


def ask_next(loop: Loop, alert: Alert) -> Delivery | None:
    """Ask the person of the next step that can be asked. Call with the locks of the alert and the loop.

    Steps whose person is away without cover, inactive, cannot be reached, is asked already or has declined are passed
    over at once. None if no step is left: then the loop is exhausted.
    """
    steps = FrozenPlan.from_json(loop.plan).steps
    found = next_asked(loop, alert)
    if found is None:
        exhaust(alert.pk, passed=len(steps))
        return None
    number, asked = found
    return ask(alert, asked, wait=steps[number].wait, step=number)


def next_asked(loop: Loop, alert: Alert) -> tuple[int, Asked] | None:
    """Whom the next step that can be asked means at this moment, and its number. It changes nothing: pages use it."""
    steps = FrozenPlan.from_json(loop.plan).steps
    for number in range(loop.next_step, len(steps)):
        asked = _whom(steps[number], alert, loop)
        if asked is not None:
            return number, asked
    return None


def ask(alert: Alert, asked: Asked, *, wait: timedelta, step: int | None = None) -> Delivery:
    """Ask a person, and open the first channel to them. The clock starts now, whatever happens to the message."""
    newest = Engagement.objects.filter(alert=alert).aggregate(newest=Max("number"))["newest"]
    engagement = Engagement.objects.create(
        alert=alert,
        number=(newest or 0) + 1,
        clinician=asked.clinician,
        step=step,
        why=asked.why,
        due_at=Now() + wait,
    )
    engagement.due_at = engagement.asked_at + wait  # what the database wrote, for who shows it now
    moved: dict[str, Any] = {"due_at": Now() + wait}
    if step is not None:
        moved["next_step"] = step + 1
    Loop.objects.filter(alert=alert).update(**moved, ended_at=None, outcome="")
    log.info("alert.asked", alert_id=alert.pk, engagement=engagement.number, why=asked.why.value)
    return opening.open_delivery(
        alert, asked.route.steps[0], engagement=engagement, traceparent=_traceparent(alert)
    )


def exhaust(alert_id: int, *, passed: int) -> None:
    """Nobody is left to ask. That is no end of the alert: staff and the sender see it, and it can be accepted still."""
    Loop.objects.filter(alert=alert_id).update(
        ended_at=Now(), due_at=None, outcome=LoopOutcome.EXHAUSTED, next_step=passed
    )
    transaction.on_commit(lambda: log.error("alert.exhausted", alert_id=alert_id))


def _whom(step: FrozenStep, alert: Alert, loop: Loop) -> Asked | None:
    """Whom the step asks at this moment."""
    now = whom(step, addressed=alert.clinician_id, priority=Priority(alert.priority))
    if now.clinician is None or now.route is None or _is_asked_or_declined(alert, now.clinician, loop):
        return None
    why = Why.ADDRESSED if step.target is Target.ADDRESSED else Why.NAMED
    return Asked(now.clinician, now.route, Why.COVER if now.covered.is_cover else why)


def _is_asked_or_declined(alert: Alert, clinician: Clinician, loop: Loop) -> bool:
    """Whose time is over when the next step begins may be asked again."""
    said_no = Q(state=EngagementState.DECLINED)
    still_asked = Q(state=EngagementState.ASKED, due_at__gt=loop.due_at)
    return Engagement.objects.filter(said_no | still_asked, alert=alert, clinician=clinician).exists()


def _traceparent(alert: Alert) -> str:
    """That of the alert's first delivery, so that one trace has all; else the current one."""
    first = alert.deliveries.order_by("created_at").values_list("traceparent", flat=True).first()
    return tracing.traceparent() if first is None else first
