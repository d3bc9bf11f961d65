"""Claims: the right to send a delivery, for as long as its lease lasts."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from alerts.deliveries import queries
from alerts.models import Alert, Attempt, Delivery
from alerts.states import AttemptState, DeliveryState, Reason
from config import statements
from config.statements import Columns
from contacts.choices import Channel, Subscription

DELIVERY, ALERT, ATTEMPT = Columns(Delivery), Columns(Alert), Columns(Attempt)

_DUE = f"state = '{DeliveryState.PENDING}' AND available_at <= statement_timestamp()"
"""The condition of `queries.due`, as SQL."""

FIND = f"""
SELECT {DELIVERY.of("delivery")} FROM alerts_delivery AS delivery WHERE id = %(id)s AND {_DUE}
"""  # noqa: S608 - names of our own

CLAIM = f"""
WITH
-- Compare and set: of several at once one finds it due, and the others nothing.
claimed AS (
    UPDATE alerts_delivery
    SET state = '{DeliveryState.SENDING}', attempt_count = attempt_count + 1,
        lease_token = %(token)s, lease_expires_at = statement_timestamp() + %(lease)s
    WHERE id = %(id)s AND {_DUE}
    RETURNING *
),
-- In the same commit, before the call: so a claim never is without its attempt.
attempt AS (
    INSERT INTO alerts_attempt (delivery_id, channel, number, state, reason, code, provider_id, late)
    SELECT id, channel, attempt_count, '{AttemptState.CALLING}', '', '', '', false FROM claimed
    RETURNING *
)
-- What the message needs, and what is known of exactly this address.
SELECT {DELIVERY.of("claimed")}, {ALERT.of("alert")}, {ATTEMPT.of("attempt")},
       obstacle.kind, subscription.subscription_arn
FROM claimed
JOIN attempt ON attempt.delivery_id = claimed.id
JOIN alerts_alert AS alert ON alert.id = claimed.alert_id
LEFT JOIN contacts_obstacle AS obstacle
    ON obstacle.clinician_id = claimed.clinician_id AND obstacle.channel = claimed.channel
   AND obstacle.address = claimed.address
LEFT JOIN contacts_emailsubscription AS subscription
    ON claimed.channel = '{Channel.EMAIL}' AND subscription.clinician_id = claimed.clinician_id
   AND subscription.address = lower(claimed.address) AND subscription.state <> '{Subscription.UNWANTED}'
"""  # noqa: S608


@dataclass(frozen=True)
class Claim:
    """The right to send a delivery until its lease runs out."""

    delivery: Delivery
    attempt: Attempt
    token: uuid.UUID
    obstacle: Reason | None = None
    """What is known to keep messages from the address."""
    subscription: str = ""
    """The ARN of an e-mail address's subscription; empty where there is none."""


def postpone(delivery_id: uuid.UUID, wait: timedelta) -> None:
    """Postpone a due delivery. This uses up no attempt."""
    Delivery.objects.filter(queries.due(), pk=delivery_id).update(
        available_at=Now() + wait, handed_over_at=None
    )


def give_back(ids: Sequence[uuid.UUID]) -> None:
    """Undo the hand-over of deliveries that nobody has claimed, so that a relay hands them over again at once."""
    Delivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(handed_over_at=None)


def find_due(delivery_id: uuid.UUID) -> Delivery | None:
    """The delivery, if it may be claimed now."""
    found = statements.first_row(FIND, {"id": delivery_id})
    return None if found is None else DELIVERY.read(found)[0]


def claim(delivery_id: uuid.UUID) -> Claim | None:
    """Claim the delivery, and write its attempt. One statement. None if it cannot be claimed."""
    token = uuid.uuid4()
    row = statements.prepared_row(CLAIM, {"id": delivery_id, "token": token, "lease": settings.LEASE})
    if row is None:
        return None
    delivery, values = DELIVERY.read(row)
    delivery.alert, values = ALERT.read(values)
    attempt, values = ATTEMPT.read(values)
    obstacle, subscription = values
    return Claim(delivery, attempt, token, Reason(obstacle) if obstacle else None, subscription or "")


def expired_claim(delivery_id: uuid.UUID) -> Claim | None:
    """The claim of a delivery whose lease has run out; None if another process has it. Call inside a transaction."""
    # Lock the alert first, as everywhere: recording a late failure holds its lock while it waits for the delivery.
    alert = Alert.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
    if not alert.filter(deliveries=delivery_id).first():
        return None
    delivery = (
        Delivery.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("alert")
        .filter(pk=delivery_id, state=DeliveryState.SENDING, lease_expires_at__lt=Now())
        .first()
    )
    if delivery is None or delivery.lease_token is None:
        return None
    attempt = Attempt.objects.get(delivery=delivery, state=AttemptState.CALLING)
    return Claim(delivery, attempt, delivery.lease_token)
