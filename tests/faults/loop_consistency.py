"""Rules that the closed loop must always follow, whatever died. They share no code with the product."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import QuerySet
from django.db.models.functions import Now

from alerts.models import Alert, Delivery, Engagement, Loop
from alerts.states import (
    AlertState,
    DeliveryState,
    EngagementState,
    LoopOutcome,
)


def loop_flaws() -> list[str]:
    """Every violated rule of every alert, as a sentence. To be called once relays had their turn."""
    late = Loop.objects.filter(ended_at=None, due_at__lte=Now()).count()
    found = [f"{late} steps are due, and no relay took them up."] if late else []
    return found + [flaw for alert in Alert.objects.all() for flaw in of_loop(alert)]


def of_loop(alert: Alert) -> Iterator[str]:
    """The violated rules of one alert."""
    loop = Loop.objects.filter(alert=alert).first()
    if alert.has_loop != (loop is not None):
        yield "The alert says otherwise whether it has a loop."
    if loop is None:
        return
    engagements = list(alert.engagements.order_by("number"))
    states = Counter(each.state for each in engagements)
    if [each.number for each in engagements] != list(range(1, len(engagements) + 1)):
        yield "People are numbered with gaps."
    # Whoever had it when its sender withdrew it stays the one who did.
    had = alert.state in (AlertState.ACKNOWLEDGED, AlertState.WITHDRAWN)
    if states[EngagementState.ACCEPTED] > had or (
        alert.state == AlertState.ACKNOWLEDGED and not states["accepted"]
    ):
        yield f"It is {alert.state}, and {states[EngagementState.ACCEPTED]} have accepted."
    yield from _of_asking(alert, loop, is_asked=states[EngagementState.ASKED] > 0)
    yield from _of_messages(alert)
    if alert.state == AlertState.ACKNOWLEDGED:
        yield from _after_acceptance(alert)
    applied = alert.responses.filter(effect="applied").count()
    if states[EngagementState.ACCEPTED] and not applied:
        yield "Somebody has it without an answer."


def _of_asking(alert: Alert, loop: Loop, *, is_asked: bool) -> Iterator[str]:
    if is_asked and (alert.state != AlertState.OPEN or not loop.is_open):
        yield "Somebody is asked, although nobody waits for an answer."
    if loop.is_open and alert.state != AlertState.OPEN:
        yield "The loop goes on, although the alert has ended."
    if alert.state == AlertState.ACKNOWLEDGED and loop.outcome != LoopOutcome.ACCEPTED:
        yield f"Somebody has it, and the loop says {loop.outcome}."
    if alert.state == AlertState.OPEN and not loop.is_open and loop.outcome == LoopOutcome.ACCEPTED:
        yield "Nobody has it, and nobody is asked."


def _after_acceptance(alert: Alert) -> Iterator[str]:
    accepted = alert.responses.filter(kind="accept", effect="applied").latest("at").at
    if alert.engagements.filter(asked_at__gt=accepted).exists():
        yield "Somebody was asked after it was accepted."
    later: QuerySet[Delivery] = alert.deliveries.filter(notice="", created_at__gt=accepted)
    if later.exists():
        yield "A channel was opened after it was accepted."


def _of_messages(alert: Alert) -> Iterator[str]:
    asked = alert.deliveries.filter(notice="")
    if asked.filter(engagement=None).exists():
        yield "A message belongs to nobody who is asked."
    if alert.state == AlertState.OPEN and alert.deliveries.filter(notice="taken", state="pending").exists():
        yield "Somebody is to be told that it is taken, and nobody has it."
    if alert.state != AlertState.OPEN and asked.filter(state=DeliveryState.PENDING).exists():
        yield "Something is still to be sent, although the alert has ended."
    for engagement in alert.engagements.all():
        yield from _of_person(engagement)


def _of_person(engagement: Engagement) -> Iterator[str]:
    """What went to somebody who was asked."""
    sent = Delivery.objects.filter(engagement=engagement)
    asked = sent.filter(notice="")
    if asked.exclude(clinician=engagement.clinician_id).exists():
        yield "A message for one person went to another."
    is_over = engagement.state in (EngagementState.DECLINED, EngagementState.WITHDRAWN)
    first_round = asked.filter(round=1)  # others are what staff send again
    if is_over and first_round.filter(created_at__gt=engagement.ended_at).exists():
        yield "Somebody is sent more although nothing is wanted of them any more."
    if asked.filter(state__in=("pending", "sending")).count() > 1:
        yield "One person is sent two messages at once."
    told = Counter(sent.exclude(state=DeliveryState.CANCELLED).values_list("notice", flat=True))
    if any(count > 1 for notice, count in told.items() if notice in {"taken", "ended"}):
        yield "One person is told the same twice."
