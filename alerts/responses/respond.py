"""Takes answers, whichever way they come: each is kept once, with its proof and its effect.

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
    """The answer of a person, and how Bleep knows it."""

    kind: ResponseKind
    proof: Proof
    evidence: str
    """The id of the answer where it came from, such as the contact id of a call. The same evidence is kept once."""
    provider_at: datetime | None = None
    delivery: Delivery | None = None
    """The message that was answered, if it is known."""
    by: AbstractBaseUser | None = None
    """The user who entered it: needed with the proof `staff`, and only with that."""
    note: str = ""
    """How staff know."""


def respond(engagement_id: int, answer: Answer) -> Response:
    """Take an answer of the person who was asked by this engagement.

    A person who was asked more than once answers for the engagement by which they have the alert, or else for the
    newest, whichever message they answer.

    Returns the stored response, whose `effect` says what it changed. The same evidence always gives the same response.
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
            # Store the response before its effects, and before the notices that follow.
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
    """Tell a person who accepted in vain how the alert stands: a call can only say that the answer was recorded.

    Only once: after that they know that somebody has it, or that it has ended.
    """
    if effect is Effect.APPLIED or engagement.state == EngagementState.ACCEPTED:
        return
    notice = Notice.TAKEN if effect is Effect.ALREADY_TAKEN else Notice.YOU_WERE_LATE
    if not Delivery.objects.filter(engagement=engagement, notice__in=(notice, Notice.ENDED)).exists():
        notices.tell(engagement, alert, notice)


def holder(alert: Alert) -> Engagement | None:
    """The engagement of the person who has taken the alert on."""
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
            return Effect.TOO_LATE  # nobody has it
    return Effect.APPLIED


def _while_held(kind: ResponseKind, alert: Alert, engagement: Engagement) -> Effect:
    """The effect if somebody has the alert. Only that person can give it back. They also give it back if they decline
    now.
    """
    if engagement.state != EngagementState.ACCEPTED or kind is ResponseKind.ACCEPT:
        return Effect.ALREADY_TAKEN
    _say_no(engagement)
    ending.handed_back(alert, engagement)
    opening.wake_relays()
    return Effect.APPLIED


def _decline(alert: Alert, engagement: Engagement) -> None:
    """Ask the next person at once, unless somebody else is being asked: a late "no" must not skip that person."""
    _say_no(engagement)
    stopping.stop(Delivery.objects.filter(engagement=engagement))
    engagements.go_on(alert.pk)
    opening.wake_relays()


def _say_no(engagement: Engagement) -> None:
    Engagement.objects.filter(pk=engagement.pk).update(state=EngagementState.DECLINED, ended_at=Now())
