"""The state changes of deliveries after the answer to an attempt, or a failure.

These functions, and those of `claims`, `opening`, `outcomes` and `stopping`, are the only ones that write a state. Each
is a compare-and-set in one transaction, on the database's clock.
"""

import uuid
from typing import Any

import structlog
from django.db import transaction
from django.db.models.functions import Now

from alerts.channels import ADAPTERS, ChannelError, Fault, SendResult
from alerts.deliveries import engagements, opening, outcomes, queries
from alerts.deliveries.claims import Claim
from alerts.deliveries.retry import Decision, LeaveInDoubt, NextChannel, Retry, give_up
from alerts.models import Alert, Attempt, Delivery
from alerts.states import DELIVERY_TRANSITIONS, AlertState, AttemptState, DeliveryState, Notice, Reason
from config import statements
from contacts import obstacles
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.subscriptions import notes

ATTEMPT_AFTER: dict[Fault, AttemptState] = {
    Fault.THROTTLED: AttemptState.THROTTLED,
    Fault.UNSENT: AttemptState.UNSENT,
    Fault.REJECTED: AttemptState.REJECTED,
    Fault.UNKNOWN: AttemptState.UNKNOWN,
}

OBSTACLES: dict[Reason, ObstacleKind] = {
    Reason(kind.value): kind for kind in ObstacleKind if kind is not ObstacleKind.UNCONFIRMED
}
"""The reasons that are about the address, and also hold for the next alert."""

log = structlog.get_logger(__name__)


def skip_channel(delivery_id: uuid.UUID, reason: Reason, *, even_the_last: bool = False) -> bool:
    """Give a channel up untried, and open the next one.

    False without any change if no channel is left. With `even_the_last` the last channel is given up too: then the
    alert may have failed.
    """
    with transaction.atomic():
        alert = opening.lock_alert_of(delivery_id)
        delivery = Delivery.objects.select_for_update().filter(queries.due(), pk=delivery_id).first()
        if delivery is None or alert.state != AlertState.OPEN:
            return False
        decision = give_up(Priority(delivery.priority), reason, in_doubt=queries.history(delivery).doubts > 0)
        goes_on = isinstance(decision, NextChannel) and bool(queries.steps_left(delivery))
        if not goes_on and not even_the_last:
            return False
        state, fields = _carried_out(decision, delivery)
        Delivery.objects.filter(pk=delivery_id).update(state=state, **fields)
        _follow_up(delivery, decision)
    return True


SENT = f"""
WITH
-- Under our own lease only: a later holder must not be overwritten.
sent AS (
    UPDATE alerts_delivery
    SET state = '{DeliveryState.SENT}', reason = '', provider_id = %(provider_id)s, lease_token = NULL,
        lease_expires_at = NULL, finished_at = statement_timestamp(),
        outcome_due_at = statement_timestamp() + %(ask_after)s
    WHERE id = %(id)s AND state = '{DeliveryState.SENDING}' AND lease_token = %(token)s
    RETURNING id
)
UPDATE alerts_attempt AS attempt
SET state = '{AttemptState.SENT}', provider_id = %(provider_id)s, finished_at = statement_timestamp()
FROM sent
WHERE attempt.id = %(attempt)s AND attempt.delivery_id = sent.id
RETURNING attempt.id
"""  # noqa: S608 - names of our own


def mark_sent(claimed: Claim, result: SendResult) -> bool:
    """Record that the provider took it. False if the lease was lost: then the answer is recorded as late."""
    return (_is_usual(claimed, result) and _mark_sent_at_once(claimed, result)) or _mark_sent(claimed, result)


def _is_usual(claimed: Claim, result: SendResult) -> bool:
    """Whether to record nothing else, and to let nothing follow."""
    return claimed.delivery.position == 1 and not (claimed.obstacle and result.address_works)


def _mark_sent_at_once(claimed: Claim, result: SendResult) -> bool:
    """Write the answer in one statement, under our own lease."""
    values = {
        "id": claimed.delivery.pk,
        "token": claimed.token,
        "attempt": claimed.attempt.pk,
        "provider_id": result.provider_id,
        "ask_after": outcomes.first_question(claimed.delivery),
    }
    return statements.prepared_row(SENT, values) is not None


def _mark_sent(claimed: Claim, result: SendResult) -> bool:
    with transaction.atomic():
        state = DeliveryState.SENT
        if (
            claimed.delivery.position > 1
        ):  # another delivery may have to follow, so lock the alert first, as everywhere
            opening.lock_alert_of(claimed.delivery.pk)
        if _leave_sending(claimed, state, **_sent_fields(claimed.delivery, result)):
            _finish_attempt(claimed, AttemptState.SENT, provider_id=result.provider_id)
            _forget_obstacle(claimed, result)
            _repeat_what_was_missed(claimed.delivery)
            return True
        # The lock keeps this from running while the failure of another attempt is being settled.
        opening.lock_alert_of(claimed.delivery.pk)
        _record_late(claimed, result)
        _forget_obstacle(claimed, result)
        return False


def mark_failed(claimed: Claim, error: ChannelError, decision: Decision) -> bool:
    """Record why the attempt failed and carry out the decision. False if the lease was lost."""
    outcome: dict[str, Any] = {"reason": error.reason, "code": error.code}
    with transaction.atomic():
        alert = opening.lock_alert_of(claimed.delivery.pk)
        _remember_obstacle(claimed, error)
        if _settle_by_an_earlier_answer(claimed):
            _finish_attempt(claimed, ATTEMPT_AFTER[error.fault], **outcome)
            _repeat_what_was_missed(claimed.delivery)
            return True
        state, fields = _carried_out(decision, claimed.delivery)
        if state is DeliveryState.PENDING and not _may_be_tried_again(alert, claimed.delivery):
            state, fields = _stopped(claimed, error)
        in_time = _leave_sending(claimed, state, **fields)
        _finish_attempt(claimed, ATTEMPT_AFTER[error.fault], late=not in_time, **outcome)
        overtaken = state is DeliveryState.PENDING and queries.another_is_on_its_way(alert, claimed.delivery)
        if in_time or (not overtaken and _settles_doubt(claimed, error, state, fields)):
            _follow_up(claimed.delivery, decision)
    return in_time


def _remember_obstacle(claimed: Claim, error: ChannelError) -> None:
    """Remember an obstacle of the address, in the transaction that records the failure: so the route of the next
    channel knows it, and a crash loses neither.
    """
    kind = OBSTACLES.get(error.reason)
    delivery = claimed.delivery
    if error.subscription and claimed.subscription:
        notes.answered(delivery.clinician_id, claimed.subscription, error.subscription)
    if kind and error.fault is Fault.REJECTED:
        obstacles.remember(delivery.clinician_id, Channel(delivery.channel), delivery.address, kind)


def _forget_obstacle(claimed: Claim, result: SendResult) -> None:
    if claimed.obstacle and result.address_works:
        delivery = claimed.delivery
        obstacles.forget(delivery.clinician_id, Channel(delivery.channel), delivery.address)


def _repeat_what_was_missed(delivery: Delivery) -> None:
    """Let a missed call ring again after an SMS or an e-mail was taken: nobody learns whether these are read. Not after
    a call, whose outcome is known.
    """
    if ADAPTERS[Channel(delivery.channel)].ask is None:
        opening.open_repeat(delivery)


def _may_be_tried_again(alert: Alert, delivery: Delivery) -> bool:
    """Whether a retry may follow. For a notice it may, unless what it tells has been undone: somebody handed the alert
    back.
    """
    if delivery.notice:
        return alert.state != AlertState.OPEN or delivery.notice != Notice.TAKEN
    return engagements.is_wanted(alert, delivery)


def _stopped(claimed: Claim, error: ChannelError) -> tuple[DeliveryState, dict[str, Any]]:
    """The end of a delivery that nobody wants retried any more: it was not sent, or nobody knows."""
    if error.fault is Fault.UNKNOWN:
        return _carried_out(LeaveInDoubt(error.reason), claimed.delivery)
    if queries.another_may_have_arrived(claimed.attempt):
        return _carried_out(LeaveInDoubt(Reason.ANSWER_LOST), claimed.delivery)
    return DeliveryState.CANCELLED, {"finished_at": Now()}


def _settle_by_an_earlier_answer(claimed: Claim) -> bool:
    """The state after a retry is ruled out. If an earlier attempt's answer came late and said sent, it is sent. The
    duplicate mark stays, because this attempt may have arrived too.
    """
    accepted = Attempt.objects.filter(delivery=claimed.delivery, state=AttemptState.SENT)
    earlier = accepted.exclude(pk=claimed.attempt.pk).order_by("-number").first()
    if earlier is None:
        return False
    fields = _sent_fields(claimed.delivery, SendResult(earlier.provider_id))
    return _leave_sending(claimed, DeliveryState.SENT, **fields)


def _settles_doubt(claimed: Claim, error: ChannelError, state: DeliveryState, fields: dict[str, Any]) -> bool:
    """End the doubt after a late but definite "not sent", if nothing else may have arrived."""
    if error.fault is Fault.UNKNOWN or queries.another_may_have_arrived(claimed.attempt):
        return False
    if state not in DELIVERY_TRANSITIONS[DeliveryState.UNKNOWN]:
        return False
    doubtful = Delivery.objects.filter(
        pk=claimed.delivery.pk, state=DeliveryState.UNKNOWN, attempt_count=claimed.attempt.number
    )
    return doubtful.update(state=state, **{"finished_at": None, "reason": "", **fields}) == 1


def _follow_up(delivery: Delivery, decision: Decision) -> None:
    match decision:
        case NextChannel():
            opening.open_next(delivery, in_doubt=decision.in_doubt)
        case LeaveInDoubt():
            opening.nothing_left(delivery)
        case Retry():
            pass


def _leave_sending(claimed: Claim, state: DeliveryState, **fields: Any) -> bool:
    """Leave `sending`, but only under our own lease: a later holder must not be overwritten."""
    if state not in DELIVERY_TRANSITIONS[DeliveryState.SENDING]:
        raise ValueError(f"A delivery does not go from sending to {state}.")
    ours = Delivery.objects.filter(
        pk=claimed.delivery.pk, state=DeliveryState.SENDING, lease_token=claimed.token
    )
    return ours.update(state=state, lease_token=None, lease_expires_at=None, **fields) == 1


def _carried_out(decision: Decision, delivery: Delivery) -> tuple[DeliveryState, dict[str, Any]]:
    """The state that a decision leads to, and the fields to write."""
    match decision:
        case Retry():
            duplicate = delivery.possible_duplicate or decision.possible_duplicate
            again = {"available_at": Now() + decision.wait, "handed_over_at": None}
            return DeliveryState.PENDING, {**again, "possible_duplicate": duplicate}
        case NextChannel():
            state = DeliveryState.UNKNOWN if decision.in_doubt else DeliveryState.FAILED
            return state, {"finished_at": Now(), "reason": decision.reason}
        case LeaveInDoubt():
            return DeliveryState.UNKNOWN, {"finished_at": Now(), "reason": decision.reason}


def _finish_attempt(claimed: Claim, state: AttemptState, **fields: Any) -> None:
    Attempt.objects.filter(pk=claimed.attempt.pk).update(state=state, finished_at=Now(), **fields)


def _sent_fields(delivery: Delivery, result: SendResult) -> dict[str, Any]:
    ask_after = outcomes.first_question(delivery)
    return {
        "provider_id": result.provider_id,
        "reason": "",
        "finished_at": Now(),
        "outcome_due_at": ask_after and Now() + ask_after,
    }


def _record_late(claimed: Claim, result: SendResult) -> None:
    """Keep an answer that came after the lease had run out. Unless another attempt is running, it settles the doubt."""
    _finish_attempt(claimed, AttemptState.SENT, provider_id=result.provider_id, reason="", late=True)
    fields = _sent_fields(claimed.delivery, result)
    # The resend that the mark was for will not happen. But an earlier attempt or channel may have arrived.
    if not claimed.delivery.possible_duplicate and not queries.another_may_have_arrived(claimed.attempt):
        fields["possible_duplicate"] = False
    undecided = (DeliveryState.PENDING, DeliveryState.UNKNOWN)
    doubtful = Delivery.objects.filter(pk=claimed.delivery.pk, state__in=undecided)
    if doubtful.update(state=DeliveryState.SENT, **fields):
        # Read the mark again: other attempts may have set it since this one claimed the delivery.
        _repeat_what_was_missed(Delivery.objects.get(pk=claimed.delivery.pk))
    log.warning("attempt.late", delivery_id=str(claimed.delivery.pk), attempt_id=claimed.attempt.pk)
