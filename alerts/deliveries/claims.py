"""Claims: the right to send a delivery, for as long as its lease lasts."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from alerts.deliveries import queries
from alerts.models import Alert, Attempt, Delivery
from alerts.states import AttemptState, DeliveryState, Reason
from contacts.choices import Channel


@dataclass(frozen=True)
class Claim:
    """The right to send a delivery until its lease runs out."""

    delivery: Delivery
    attempt: Attempt
    token: uuid.UUID
    obstacle: Reason | None = None
    """What keeps messages from the address, as far as is known."""
    subscription: str = ""
    """The ARN of an e-mail address's subscription; empty where there is none."""


def postpone(delivery_id: uuid.UUID, wait: timedelta) -> None:
    """Postpone a due delivery. This uses up no attempt."""
    Delivery.objects.filter(queries.due(), pk=delivery_id).update(
        available_at=Now() + wait, handed_over_at=None
    )


def claim(delivery_id: uuid.UUID) -> Claim | None:
    """Claim the delivery and write the attempt in the same commit. None if it cannot be claimed."""
    token = uuid.uuid4()
    with transaction.atomic():
        taken = Delivery.objects.filter(queries.due(), pk=delivery_id).update(
            state=DeliveryState.SENDING,
            lease_token=token,
            lease_expires_at=Now() + settings.LEASE,
            attempt_count=F("attempt_count") + 1,
        )
        if not taken:
            return None
        told = Delivery.objects.annotate(
            obstacle=queries.known_obstacle(), subscription=queries.known_subscription()
        )
        delivery = told.select_related("alert").get(pk=delivery_id)
        attempt = Attempt.objects.create(
            delivery=delivery, channel=delivery.channel, number=delivery.attempt_count
        )
    obstacle = Reason(delivery.obstacle) if delivery.obstacle else None
    by_email = delivery.channel == Channel.EMAIL
    return Claim(delivery, attempt, token, obstacle, (by_email and delivery.subscription) or "")


def expired_claim(delivery_id: uuid.UUID) -> Claim | None:
    """The claim of a delivery whose lease has run out; None if another process has it. Call inside a transaction."""
    # Lock the alert first, as everywhere: a late failure holds it while waiting for the delivery.
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
