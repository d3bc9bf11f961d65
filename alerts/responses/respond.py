"""The one door for answers: each is kept once, with its proof and what it changed.

Locks are taken in one order: alert, loop, engagement, delivery.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models.functions import Now

from alerts.deliveries import engagements, opening, stopping
from alerts.escalation import ending, notices
from alerts.models import Alert, Delivery, Engagement, Loop, Response
from alerts.states import AlertState, Effect, EngagementState, Notice, Proof, ResponseKind

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """What somebody said, and how we know."""

    kind: ResponseKind
    proof: Proof
    evidence: str
    """What names this answer where it came from, such as the contact's id of a call: it is kept once."""
    provider_at: datetime | None = None
    delivery: Delivery | None = None
    """The message that was answered, if it is known."""
    by: AbstractBaseUser | None = None
    """Who entered it. Only with the proof `staff`, which needs it."""
    note: str = ""
    """How staff know."""


def respond(engagement_id: int, answer: Answer) -> Response:
    """Take an answer of the person who was asked by this engagement.

    Whoever was asked more than once answers for what they have, else for what they are asked now, by whichever message.
    Returns the stored response, whose `effect` says what it changed; the same for the same evidence, however often and
    from wherever it comes.
    """
    with transaction.atomic():
        alerts = Alert.objects.select_for_update(of=("self",), no_key=True)
        alert = alerts.get(engagements=engagement_id)
        known = Response.objects.filter(proof=answer.proof, evidence=answer.evidence).first()
        if known is not None:
            return known
        Loop.objects.select_for_update().get(alert=alert)
        engagement = _meant(alert, engagement_id)
        effect = _carry_out(answer.kind, alert, engagement)
        response = Response.objects.create(
            alert=alert,
            engagement=engagement,
            delivery=answer.delivery,
            kind=answer.kind,
            proof=answer.proof,
            evidence=answer.evidence,
            provider_at=answer.provider_at,
            # Before what it changes, and before the notices that follow.
            at=engagement.now,  # type: ignore[attr-defined]
            effect=effect,
            by_id=answer.by.pk if answer.by else None,
            note=answer.note,
        )
        if answer.proof is Proof.CALL_KEY and answer.kind is ResponseKind.ACCEPT:
            _tell_in_vain(effect, engagement, alert)
    log.info(
        "alert.answered",
        alert_id=alert.pk,
        engagement=engagement.number,
        kind=answer.kind.value,
        proof=answer.proof.value,
        effect=effect.value,
    )
    return response


def _meant(alert: Alert, engagement_id: int) -> Engagement:
    """The engagement that the answer is about, locked, with the database's time as `now`."""
    whose = Engagement.objects.filter(pk=engagement_id).values("clinician")
    theirs = Engagement.objects.select_for_update(of=("self",)).filter(alert=alert, clinician__in=whose)
    found = {each.pk: each for each in theirs.annotate(now=Now())}
    now = {each.state: each for each in found.values()}  # at most one of each of these two
    return now.get(EngagementState.ACCEPTED) or now.get(EngagementState.ASKED) or found[engagement_id]


def _tell_in_vain(effect: Effect, engagement: Engagement, alert: Alert) -> None:
    """A call can say no more than that the answer was recorded: tell whoever accepted in vain how it stands.

    Only once: after that they know that somebody has it, or that it has ended.
    """
    if effect is Effect.APPLIED or engagement.state == EngagementState.ACCEPTED:
        return
    notice = Notice.TAKEN if effect is Effect.ALREADY_TAKEN else Notice.YOU_WERE_LATE
    if not Delivery.objects.filter(engagement=engagement, notice__in=(notice, Notice.ENDED)).exists():
        notices.tell(engagement, alert, notice)


def holder(alert: Alert) -> Engagement | None:
    """Who has taken the alert on."""
    accepted = Engagement.objects.filter(alert=alert, state=EngagementState.ACCEPTED)
    return accepted.select_related("clinician").first()


def _carry_out(kind: ResponseKind, alert: Alert, engagement: Engagement) -> Effect:
    if alert.state == AlertState.ACKNOWLEDGED:
        return _while_held(kind, alert, engagement)
    if alert.state != AlertState.OPEN:
        return Effect.TOO_LATE
    match kind:
        case ResponseKind.ACCEPT:
            ending.accepted(alert, engagement)
        case ResponseKind.DECLINE:
            _decline(alert, engagement)
        case ResponseKind.HAND_BACK:
            return Effect.TOO_LATE  # nobody holds it
    return Effect.APPLIED


def _while_held(kind: ResponseKind, alert: Alert, engagement: Engagement) -> Effect:
    """Somebody has it. Only they can give it back, which is also what it means if they say now that they cannot."""
    if engagement.state != EngagementState.ACCEPTED or kind is ResponseKind.ACCEPT:
        return Effect.ALREADY_TAKEN
    _say_no(engagement)
    ending.handed_back(alert, engagement)
    opening.wake_relays()
    return Effect.APPLIED


def _decline(alert: Alert, engagement: Engagement) -> None:
    """Ask the next person at once, unless somebody else is being asked: a late "no" must skip nobody."""
    _say_no(engagement)
    stopping.stop(Delivery.objects.filter(engagement=engagement))
    engagements.go_on(alert.pk)
    opening.wake_relays()


def _say_no(engagement: Engagement) -> None:
    Engagement.objects.filter(pk=engagement.pk).update(state=EngagementState.DECLINED, ended_at=Now())
