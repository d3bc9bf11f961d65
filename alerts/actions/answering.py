"""Staff enter the answer of a person who was asked: they accept, decline or hand back. Staff say how they know."""

import uuid

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from alerts import responses
from alerts.actions.handling import DECIDED
from alerts.actions.records import ActionRefused, lock, refuse_if_overtaken
from alerts.labels import TEXT_IS_GONE, Explanation
from alerts.models import Alert, Engagement, Response
from alerts.states import AlertState, EngagementState, Proof, ResponseKind

HAND_IT_BACK = Explanation("Somebody has accepted it.", "If they cannot, hand it back for them.")
HAS_DECLINED = Explanation("They have declined already.")
DOES_NOT_HAVE_IT = Explanation("They do not have it.")
ANSWERED = Explanation("Somebody answered in the meantime.", "See how it stands now, then decide.")


def enter(
    alert_id: int,
    engagement_id: int,
    kind: ResponseKind,
    *,
    key: uuid.UUID,
    by: AbstractBaseUser,
    note: str,
    after: int | None = None,
    newest_answer: int | None = None,
) -> Response:
    """Enter the answer on the person's word. The same `key` always gives the same response.

    `note` says how staff know. `after` and `newest_answer` are the newest action and answer that they saw, 0 for none;
    None allows any.

    Raises:
        ActionRefused: this is not possible now.
    """
    with transaction.atomic():
        alert = lock(alert_id)
        evidence = f"staff-{key}"
        before = Response.objects.filter(alert=alert, proof=Proof.STAFF, evidence=evidence).first()
        if before:
            return before
        refuse_if_overtaken(alert, after)
        if newest_answer is not None and newest(alert) != newest_answer:
            raise ActionRefused(ANSWERED)
        engagement = Engagement.objects.get(pk=engagement_id, alert=alert)
        refusal = why_not(kind, alert, engagement)
        if refusal:
            raise ActionRefused(refusal)
        answer = responses.Answer(kind=kind, proof=Proof.STAFF, evidence=evidence, by=by, note=note)
        return responses.respond(engagement.pk, answer)


def newest(alert: Alert) -> int:
    """The key of the newest answer to an alert; 0 for none."""
    latest = Response.objects.filter(alert=alert).order_by("-pk").values_list("pk", flat=True).first()
    return latest or 0


def why_not(kind: ResponseKind, alert: Alert, engagement: Engagement) -> Explanation | None:
    """Why the answer cannot be entered now; None if it can. No query."""
    if alert.state not in (AlertState.OPEN, AlertState.ACKNOWLEDGED):
        return DECIDED[alert.state]
    if alert.is_blank and kind is not ResponseKind.ACCEPT:
        return TEXT_IS_GONE  # the next person would be asked
    if kind is ResponseKind.HAND_BACK:
        return None if engagement.state == EngagementState.ACCEPTED else DOES_NOT_HAVE_IT
    if alert.state == AlertState.ACKNOWLEDGED:
        return HAND_IT_BACK
    if kind is ResponseKind.DECLINE and engagement.state == EngagementState.DECLINED:
        return HAS_DECLINED
    return None
