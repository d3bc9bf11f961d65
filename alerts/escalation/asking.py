"""Asking a person: whom a step of the plan means now, and what is sent to them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from django.db import transaction
from django.db.models.functions import Now

from alerts.deliveries import opening
from alerts.deliveries.opening import First
from alerts.models import Alert, Delivery, Engagement, Loop
from alerts.states import EngagementState, LoopOutcome, Why
from config import tracing
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import Route
from oncall.asked import AskedNow, Wanted, whom
from oncall.models import Target
from oncall.plans import FrozenPlan

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
    return next(iter(ask_next([loop])), None)


def ask_next(loops: Sequence[Loop]) -> list[Delivery]:
    """For each loop, ask the person of the next step who can be asked. Call with the locks of alerts and loops.

    A step is passed over at once if its person is away without cover, is inactive, cannot be reached, is asked already
    or has declined. If no step is left and nobody has time left to answer, the loop is exhausted. Returns the opened
    deliveries.
    """
    before = _asked_before([loop.pk for loop in loops])
    found = _next_asked(loops, before)
    _wait_or_exhaust([loop for loop in loops if loop.pk not in found], before)
    return _ask([found[loop.pk] for loop in loops if loop.pk in found], before)


def next_asked(loop: Loop, alert: Alert) -> Asked | None:
    """The person whom the next step would ask now. Changes nothing: pages use it."""
    loop.alert = alert
    question = _next_asked([loop], _asked_before([loop.pk])).get(loop.pk)
    return None if question is None else question.asked


def ask(alert: Alert, asked: Asked, *, wait: timedelta) -> Delivery:
    """Ask a person whom the plan does not name, and open the first channel to them. Call with the alert's lock."""
    [delivery] = _ask([_Question(alert, asked, wait, None)], _asked_before([alert.pk]))
    return delivery


def exhaust(keys: Sequence[int], *, passed: int) -> None:
    """Nobody is left to ask. The alerts stay open: staff and senders see it, and they can still be accepted."""
    Loop.objects.filter(alert__in=keys).update(
        ended_at=Now(), due_at=None, outcome=LoopOutcome.EXHAUSTED, next_step=passed
    )
    transaction.on_commit(partial(_say_exhausted, keys))


def _say_exhausted(keys: Sequence[int]) -> None:
    for alert_id in keys:
        log.error("alert.exhausted", alert_id=alert_id)


@dataclass(frozen=True)
class _Question:
    """A person to ask about an alert, and how long to wait for them."""

    alert: Alert
    asked: Asked
    wait: timedelta
    step: int | None
    """The step of the plan; None if staff ask."""


_Before = Mapping[int, Sequence[Engagement]]
"""By the alert's key: everybody who was asked about it, in order."""


def _asked_before(keys: Sequence[int]) -> _Before:
    before: dict[int, list[Engagement]] = defaultdict(list)
    for each in Engagement.objects.filter(alert__in=keys).order_by("number"):
        before[each.alert_id].append(each)
    return before


def _next_asked(loops: Sequence[Loop], before: _Before) -> dict[int, _Question]:
    """By the loop's key: the person to ask now, and their step. A loop without a step left is missing.

    All loops are looked at together: at their next step, then those without a person there at the step after it.
    """
    found: dict[int, _Question] = {}
    steps = {loop.pk: FrozenPlan.from_json(loop.plan).steps for loop in loops}
    at = {loop.pk: loop.next_step for loop in loops}
    looking = list(loops)
    while looking := [each for each in looking if each.pk not in found and at[each.pk] < len(steps[each.pk])]:
        wanted = [
            Wanted(steps[each.pk][at[each.pk]], each.alert.clinician_id, Priority(each.alert.priority))
            for each in looking
        ]
        for loop, now in zip(looking, whom(wanted), strict=True):
            asked = _asked(now, loop, before[loop.pk])
            if asked is not None:
                found[loop.pk] = _Question(loop.alert, asked, now.step.wait, at[loop.pk])
            at[loop.pk] += 1
    return found


def _asked(now: AskedNow, loop: Loop, before: Sequence[Engagement]) -> Asked | None:
    if now.clinician is None or now.route is None or _is_asked_or_declined(now.clinician, loop, before):
        return None
    why = Why.ADDRESSED if now.step.target is Target.ADDRESSED else Why.NAMED
    return Asked(now.clinician, now.route, Why.COVER if now.covered.is_cover else why)


def _is_asked_or_declined(clinician: Clinician, loop: Loop, before: Sequence[Engagement]) -> bool:
    """Somebody whose time is over when the next step begins may be asked again."""
    return any(
        each.state == EngagementState.DECLINED
        or (each.state == EngagementState.ASKED and loop.due_at is not None and each.due_at > loop.due_at)
        for each in before
        if each.clinician_id == clinician.pk
    )


def _ask(questions: Sequence[_Question], before: _Before) -> list[Delivery]:
    """Ask these people, and open the first channel to each. Their time starts now, whatever happens to the messages.

    The number of statements does not depend on the number of people.
    """
    if not questions:
        return []
    engagements = [
        Engagement(
            alert=each.alert,
            number=len(before[each.alert.pk]) + 1,
            clinician=each.asked.clinician,
            step=each.step,
            why=each.asked.why,
            due_at=Now() + each.wait,
        )
        for each in questions
    ]
    Engagement.objects.bulk_create(engagements)
    moves: dict[tuple[timedelta, int | None], list[int]] = defaultdict(list)
    for each, engagement in zip(questions, engagements, strict=True):
        engagement.due_at = engagement.asked_at + each.wait  # as the database wrote it: pages show it now
        moves[each.wait, each.step].append(each.alert.pk)
        log.info(
            "alert.asked", alert_id=each.alert.pk, engagement=engagement.number, why=each.asked.why.value
        )
    for (wait, step), keys in moves.items():
        moved = {} if step is None else {"next_step": step + 1}
        Loop.objects.filter(alert__in=keys).update(due_at=Now() + wait, ended_at=None, outcome="", **moved)
    traces = _traceparents([each.alert.pk for each in questions])
    return opening.open_firsts(
        [
            First(each.asked.route.steps[0], engagement, traces.get(each.alert.pk, tracing.traceparent()))
            for each, engagement in zip(questions, engagements, strict=True)
        ]
    )


def _wait_or_exhaust(loops: Sequence[Loop], before: _Before) -> None:
    """End the loops, or let them wait: somebody whom staff asked may still have time to answer."""
    over: dict[int, list[int]] = defaultdict(list)
    for loop in loops:
        passed = len(FrozenPlan.from_json(loop.plan).steps)
        asked = [each.due_at for each in before[loop.pk] if each.state == EngagementState.ASKED]
        if asked:
            Loop.objects.filter(pk=loop.pk).update(due_at=max(asked), next_step=passed)
        else:
            over[passed].append(loop.pk)
    for passed, keys in over.items():
        exhaust(keys, passed=passed)


def _traceparents(keys: Sequence[int]) -> dict[int, str]:
    """By alert: the trace of its first delivery, so that all its deliveries are in one trace."""
    firsts = Delivery.objects.filter(alert__in=keys).order_by("alert_id", "created_at").distinct("alert_id")
    return dict(firsts.values_list("alert_id", "traceparent"))
