"""The only functions that change a state. Each is a compare-and-set in one transaction, by the database's clock."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from alerts.channels import RECEIPTS, ChannelError, Fault, Receipt
from alerts.models import Alert, Attempt, Delivery
from alerts.policy import Decision, LeaveInDoubt, NextChannel, Retry
from alerts.states import DELIVERY_TRANSITIONS, UNFINISHED, AlertState, AttemptState, DeliveryState, Reason
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from contacts.routing import Step, route

DUE_CHANNEL = "bleep_due"
"""PostgreSQL's NOTIFY channel on which relays hear that something is due."""

RECEIPT_EVERY = timedelta(seconds=5)
"""How long after an acceptance, and after each question, the provider is asked what became of it."""

ATTEMPT_AFTER: dict[Fault, AttemptState] = {
    Fault.THROTTLED: AttemptState.THROTTLED,
    Fault.UNSENT: AttemptState.UNSENT,
    Fault.REJECTED: AttemptState.REJECTED,
    Fault.UNKNOWN: AttemptState.UNKNOWN,
}
MAY_HAVE_ARRIVED = (AttemptState.ACCEPTED, AttemptState.UNKNOWN)
"""What an attempt came to whose message may be on a telephone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claim:
    """The right to send a delivery until its lease runs out."""

    delivery: Delivery
    attempt: Attempt
    token: uuid.UUID


def open_delivery(alert: Alert, step: Step, *, round_number: int = 1) -> Delivery:
    """Make a delivery that is due at once, and wake the relays. Call inside a transaction."""
    delivery = Delivery.objects.create(
        alert=alert,
        clinician_id=alert.clinician_id,
        priority=alert.priority,
        channel=step.channel,
        address=step.address,
        round=round_number,
    )
    wake_relays()
    return delivery


def wake_relays() -> None:
    """Tell every relay that something is due; it is told when the transaction commits."""
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {DUE_CHANNEL}")


def find_due(delivery_id: uuid.UUID) -> Delivery | None:
    """The delivery, where it is there to be claimed at this moment."""
    return Delivery.objects.filter(_due(), pk=delivery_id).first()


def postpone(delivery_id: uuid.UUID, wait: timedelta) -> None:
    """Put a delivery that is due off for a while; no attempt is spent."""
    Delivery.objects.filter(_due(), pk=delivery_id).update(available_at=Now() + wait, handed_over_at=None)


def pass_over(delivery_id: uuid.UUID, reason: Reason) -> bool:
    """Give a channel up before trying it, if there is a next one; False, and nothing is changed, if there is none."""
    with transaction.atomic():
        # First the alert, then its deliveries, as `cancel` does: the other way about they could wait for each other.
        Alert.objects.select_for_update(of=("self",)).filter(deliveries=delivery_id).first()
        delivery = Delivery.objects.select_for_update().filter(_due(), pk=delivery_id).first()
        if delivery is None or open_next(delivery) is None:
            return False
        Delivery.objects.filter(pk=delivery_id).update(
            state=DeliveryState.FAILED, reason=reason, finished_at=Now()
        )
    return True


def _due() -> Q:
    return Q(state=DeliveryState.PENDING, available_at__lte=Now())


def claim(delivery_id: uuid.UUID) -> Claim | None:
    """Take the right to send, with the attempt's row in the same commit; None where it is not there to take."""
    token = uuid.uuid4()
    with transaction.atomic():
        taken = Delivery.objects.filter(_due(), pk=delivery_id).update(
            state=DeliveryState.SENDING,
            lease_token=token,
            lease_expires_at=Now() + settings.LEASE,
            attempt_count=F("attempt_count") + 1,
        )
        if not taken:
            return None
        delivery = Delivery.objects.select_related("alert").get(pk=delivery_id)
        attempt = Attempt.objects.create(delivery=delivery, number=delivery.attempt_count)
    return Claim(delivery, attempt, token)


def accept(claimed: Claim, receipt: Receipt) -> bool:
    """The provider has taken it. False where the lease was lost meanwhile: then the answer is recorded as late."""
    with transaction.atomic():
        state = DeliveryState.ACCEPTED
        if _leave_sending(claimed, state, **_accepted_fields(claimed.delivery, receipt)):
            _finish_attempt(claimed, AttemptState.ACCEPTED, provider_id=receipt.provider_id)
            return True
        _accept_late(claimed, receipt)
        return False


def fail(claimed: Claim, error: ChannelError, decision: Decision) -> bool:
    """The attempt was not accepted: record why, and carry out the decision. False where the lease was lost."""
    state, fields = _carried_out(decision, claimed.delivery)
    with transaction.atomic():
        if not _leave_sending(claimed, state, **fields):
            _finish_attempt(
                claimed, ATTEMPT_AFTER[error.fault], reason=error.reason, code=error.code, late=True
            )
            return False
        _finish_attempt(claimed, ATTEMPT_AFTER[error.fault], reason=error.reason, code=error.code)
        if state is DeliveryState.FAILED:
            open_next(claimed.delivery)
        elif state is DeliveryState.UNKNOWN:
            _report_if_failed(claimed.delivery.alert_id)
    return True


def expired() -> Iterator[Claim]:
    """Claims whose lease has run out, each in a transaction that holds its row: a worker died in the middle of it."""
    while True:
        with transaction.atomic():
            delivery = (
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("alert")
                .filter(state=DeliveryState.SENDING, lease_expires_at__lt=Now())
                .order_by("lease_expires_at")
                .first()
            )
            if delivery is None or delivery.lease_token is None:
                return
            attempt = Attempt.objects.get(delivery=delivery, state=AttemptState.CALLING)
            yield Claim(delivery, attempt, delivery.lease_token)


def tries_and_age(delivery: Delivery) -> tuple[int, timedelta]:
    """How many attempts count so far, and how long ago the delivery was made. One query."""
    tries = Attempt.objects.filter(delivery=delivery).exclude(state=AttemptState.THROTTLED).count()
    age = ExpressionWrapper(Now() - F("created_at"), output_field=DurationField())
    return tries, Delivery.objects.filter(pk=delivery.pk).values_list(age, flat=True).get()


def open_next(failed: Delivery) -> Delivery | None:
    """Open the next channel of the clinician's *current* route, if one is left in this round. In a transaction."""
    alert = Alert.objects.select_for_update().get(pk=failed.alert_id)
    if alert.state != AlertState.OPEN:
        return None
    tried = set(alert.deliveries.filter(round=failed.round).values_list("channel", flat=True))
    clinician = Clinician.objects.get(pk=alert.clinician_id)
    left = [step for step in route(clinician, Priority(alert.priority)).steps if step.channel not in tried]
    if left:
        return open_delivery(alert, left[0], round_number=failed.round)
    _report_if_failed(alert.pk)
    return None


def confirm(delivery_id: uuid.UUID) -> None:
    """The provider says that the handset got it."""
    _take_receipt(delivery_id, DeliveryState.DELIVERED, reason="")


def refute(delivery_id: uuid.UUID, reason: Reason) -> None:
    """The provider says that the handset did not get it: go on to the next channel."""
    with transaction.atomic():
        if _take_receipt(delivery_id, DeliveryState.UNDELIVERED, reason=reason):
            open_next(Delivery.objects.get(pk=delivery_id))


def _take_receipt(delivery_id: uuid.UUID, state: DeliveryState, *, reason: str) -> bool:
    accepted = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.ACCEPTED)
    return accepted.update(state=state, reason=reason, receipt_due_at=None) == 1


def cancel(alert: Alert) -> int:
    """Stop an alert; return how many deliveries were stopped. One that is being sent at this moment still goes out."""
    with transaction.atomic():
        if not Alert.objects.filter(pk=alert.pk, state=AlertState.OPEN).update(state=AlertState.CANCELLED):
            return 0
        waiting = Delivery.objects.filter(alert=alert, state=DeliveryState.PENDING)
        return waiting.update(state=DeliveryState.CANCELLED, finished_at=Now())


def _leave_sending(claimed: Claim, state: DeliveryState, **fields: Any) -> bool:
    """Move on from `sending`, but only under our own lease: a second holder must not be overtaken by the first."""
    if state not in DELIVERY_TRANSITIONS[DeliveryState.SENDING]:
        raise ValueError(f"A delivery does not go from sending to {state}.")
    ours = Delivery.objects.filter(
        pk=claimed.delivery.pk, state=DeliveryState.SENDING, lease_token=claimed.token
    )
    return ours.update(state=state, lease_token=None, lease_expires_at=None, **fields) == 1


def _carried_out(decision: Decision, delivery: Delivery) -> tuple[DeliveryState, dict[str, Any]]:
    """The state to which a decision leads, and what is written with it."""
    match decision:
        case Retry():
            duplicate = delivery.possible_duplicate or decision.possible_duplicate
            again = {"available_at": Now() + decision.wait, "handed_over_at": None}
            return DeliveryState.PENDING, {**again, "possible_duplicate": duplicate}
        case NextChannel():
            return DeliveryState.FAILED, {"finished_at": Now(), "reason": decision.reason}
        case LeaveInDoubt():
            return DeliveryState.UNKNOWN, {"finished_at": Now(), "reason": decision.reason}


def _finish_attempt(claimed: Claim, state: AttemptState, **fields: Any) -> None:
    Attempt.objects.filter(pk=claimed.attempt.pk).update(state=state, finished_at=Now(), **fields)


def _accepted_fields(delivery: Delivery, receipt: Receipt) -> dict[str, Any]:
    asked = Channel(delivery.channel) in RECEIPTS
    return {
        "provider_id": receipt.provider_id,
        "reason": "",
        "finished_at": Now(),
        "receipt_due_at": Now() + RECEIPT_EVERY if asked else None,
    }


def _accept_late(claimed: Claim, receipt: Receipt) -> None:
    """The lease ran out first. Keep the answer; and where nothing was sent since, it settles the doubt."""
    _finish_attempt(claimed, AttemptState.ACCEPTED, provider_id=receipt.provider_id, reason="", late=True)
    fields = _accepted_fields(claimed.delivery, receipt)
    # The resend that the mark was for does not take place. But an earlier attempt may have arrived as well.
    other = Attempt.objects.filter(delivery=claimed.delivery, state__in=MAY_HAVE_ARRIVED)
    if not other.exclude(pk=claimed.attempt.pk).exists():
        fields["possible_duplicate"] = False
    undecided = (DeliveryState.PENDING, DeliveryState.UNKNOWN)
    Delivery.objects.filter(
        pk=claimed.delivery.pk, state__in=undecided, attempt_count=claimed.attempt.number
    ).update(state=DeliveryState.ACCEPTED, **fields)
    log.warning("attempt.late", delivery_id=str(claimed.delivery.pk), attempt_id=claimed.attempt.pk)


def _report_if_failed(alert_id: int) -> None:
    """Tell the operators, once the transaction is through, when nothing is left that could still reach the person."""
    hopeful = (*UNFINISHED, DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
    if not Delivery.objects.filter(alert_id=alert_id, state__in=hopeful).exists():
        transaction.on_commit(lambda: log.error("alert.failed", alert_id=alert_id))
