"""Takes a reply by SMS: finds the question that it answers, stores it, and tells the person its effect.

A reply counts only if it comes from the number that got the SMS, with the code of that SMS. A reply that belongs to no
question is kept for staff, and changes nothing.
"""

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from alerts.escalation import notices
from alerts.models import Alert, Delivery, Engagement, InboundMessage, ReplyCode, Response
from alerts.responses import reply_text
from alerts.responses.reply_text import Reply, Said
from alerts.responses.respond import Answer, holder, respond
from alerts.states import AlertState, Effect, EngagementState, Notice, Proof, ResponseKind
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind
from contacts.models import Clinician

RECENT = timedelta(days=1)
"""How long after a question Bleep answers a reply that it does not understand."""
MOST_ANSWERS = 5
"""SMS that one question may cost in answers, whatever replies come in: two machines must not go on answering each
other."""
KEPT = timedelta(days=90)
CAN_ANSWER = (EngagementState.ASKED, EngagementState.UNDEFINED, EngagementState.UNREACHABLE)

log = structlog.get_logger(__name__)


def take(reply: Reply) -> None:
    """Take a reply. A reply that came before changes nothing, and is not answered again."""
    with transaction.atomic():
        if InboundMessage.objects.filter(provider_id=reply.provider_id).exists():
            return
        said = reply_text.understand(reply.text)
        question = _question(reply.sender, said) if said.kind else None
        response = _respond(question, said.kind, reply) if question and said.kind else None
        effect = Effect(response.effect) if response else Effect.NOT_UNDERSTOOD
        InboundMessage.objects.create(
            provider_id=reply.provider_id,
            sender=reply.sender,
            text=reply.text,
            response=response,
            effect=effect,
        )
        if reply_text.opts_out_at_aws(reply.text):
            _note_opt_out(reply.sender)
        if question and response:
            _tell(question, _notice(question, response), reply)
        else:
            _say_not_understood(reply)
    log.info("reply.taken", effect=effect.value, matched=response is not None)


def _note_opt_out(sender: str) -> None:
    """Remember a STOP as an obstacle. AWS drops an SMS to a number that replied STOP, and reports it as sent: so routes
    avoid the number, and staff see why.
    """
    for clinician_id in Clinician.objects.filter(sms_number=sender).values_list("pk", flat=True):
        obstacles.remember(clinician_id, Channel.SMS, sender, ObstacleKind.OPTED_OUT)


def forget_old() -> None:
    """Delete old replies that belong to no question. The others are evidence, and stay."""
    InboundMessage.objects.filter(response=None, received_at__lt=Now() - KEPT).delete()


def _question(sender: str, said: Said) -> Engagement | None:
    """The question that the reply answers. A reply without a code counts only if this number has a single question."""
    if not said.code:
        return _only_open(sender) or (_only_recent(sender) if said.kind is ResponseKind.ACCEPT else None)
    codes = ReplyCode.objects.filter(address=sender, code=said.code).select_related("engagement")
    newest = codes.order_by(F("released_at").desc(nulls_first=True)).first()
    return newest.engagement if newest else None


def _only_open(sender: str) -> Engagement | None:
    return _only_one(_asked(sender).filter(alert__state=AlertState.OPEN, state__in=CAN_ANSWER))


def _only_recent(sender: str) -> Engagement | None:
    """A question whose alert has ended: accepting it changes nothing, but the person learns how the alert stands."""
    if _asked(sender).filter(alert__state=AlertState.OPEN, state__in=CAN_ANSWER).exists():
        return None
    return _only_one(_asked(sender).filter(codes__address=sender, codes__created_at__gt=Now() - RECENT))


def _only_one(found: QuerySet[Engagement]) -> Engagement | None:
    """The latest question, if all are about one alert; None if they are about several."""
    newest = list(found.order_by("-pk")[:50])
    return newest[0] if len({each.alert_id for each in newest}) == 1 else None


def _asked(sender: str) -> QuerySet[Engagement]:
    """Questions that were sent to this number."""
    return Engagement.objects.filter(codes__address=sender)


def _respond(question: Engagement, kind: ResponseKind, reply: Reply) -> Response:
    sent = Delivery.objects.filter(engagement=question, channel=Channel.SMS, address=reply.sender, notice="")
    answered = Answer(
        kind=kind,
        proof=Proof.SMS,
        evidence=reply.provider_id,
        provider_at=reply.at,
        delivery=sent.order_by("-created_at").first(),
    )
    return respond(question.pk, answered)


def _notice(question: Engagement, response: Response) -> Notice:
    match Effect(response.effect):
        case Effect.APPLIED if response.kind == ResponseKind.ACCEPT:
            return Notice.YOU_ACCEPTED
        case Effect.APPLIED:
            return Notice.YOU_DECLINED
        case Effect.ALREADY_TAKEN:
            held = holder(response.alert)
            is_own = held is not None and held.clinician_id == question.clinician_id
            return Notice.YOU_ACCEPTED if is_own else Notice.TAKEN
        case _:
            return Notice.YOU_WERE_LATE


def _say_not_understood(reply: Reply) -> None:
    """Say that the reply was not understood: once for each question, if the person was asked lately."""
    if reply_text.is_opt_out(reply.text):
        return
    still = Q(alert__state=AlertState.OPEN) | Q(codes__created_at__gt=Now() - RECENT)
    newest = _asked(reply.sender).filter(still, codes__address=reply.sender).order_by("-pk").first()
    if newest is not None and not _answers(newest).filter(notice=Notice.NOT_UNDERSTOOD).exists():
        _tell(newest, Notice.NOT_UNDERSTOOD, reply)


def _tell(question: Engagement, notice: Notice, reply: Reply) -> None:
    """Answer the SMS with an SMS, if the number is still the person's."""
    alert = Alert.objects.select_for_update(of=("self",), no_key=True).get(pk=question.alert_id)
    if question.clinician.sms_number == reply.sender and _answers(question).count() < MOST_ANSWERS:
        notices.tell(question, alert, notice, over=Channel.SMS)


def _answers(question: Engagement) -> QuerySet[Delivery]:
    return Delivery.objects.filter(engagement=question, channel=Channel.SMS).exclude(notice="")
