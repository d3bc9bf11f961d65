"""The state changes of deliveries after the provider has taken a message and says what became of it.

Each is a compare-and-set in one transaction, on the database's clock.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from alerts.channels import ADAPTERS
from alerts.deliveries import opening
from alerts.models import Delivery
from alerts.states import DeliveryState, Reason
from contacts.choices import Channel, Priority

OUTCOME_EVERY = timedelta(seconds=5)
"""When to ask the provider what became of a message: this long after sending (for High), and again after each
question."""


def first_question(delivery: Delivery) -> timedelta | None:
    """When to ask first, if the provider can be asked. For High, and where an answer is wanted, while it still rings,
    to notice a busy line. For the others once, after the ringing.
    """
    if ADAPTERS[Channel(delivery.channel)].ask is None:
        return None
    if delivery.priority == Priority.HIGH or delivery.wants_answer:
        return OUTCOME_EVERY
    return timedelta(seconds=settings.CONNECT_RING_SECONDS) + OUTCOME_EVERY


def mark_delivered(delivery_id: uuid.UUID, *, asked_on: bool = False) -> None:
    """Record that the provider says the call was picked up. `asked_on`: it is asked again later, for the person's
    answer.
    """
    with transaction.atomic():
        # This may also end the mark of a failure on the alert, so lock the alert first, as everywhere.
        opening.lock_alert_of(delivery_id)
        _record_outcome(delivery_id, DeliveryState.DELIVERED, reason="", asked_on=asked_on)


def mark_undelivered(delivery_id: uuid.UUID, reason: Reason) -> None:
    """Record that the provider says the call was not picked up, and go on to the next channel."""
    with transaction.atomic():
        opening.lock_alert_of(delivery_id)
        if _record_outcome(delivery_id, DeliveryState.UNDELIVERED, reason=reason):
            opening.open_next(Delivery.objects.get(pk=delivery_id))


def end_without_answer(delivery_id: uuid.UUID) -> None:
    """Go on to the next channel after a call that was picked up but ended without a key, perhaps by a voicemail."""
    with transaction.atomic():
        opening.lock_alert_of(delivery_id)
        # Only once: `outcome_due_at` is empty then, and a second process does nothing.
        asked = Delivery.objects.filter(pk=delivery_id, outcome_due_at__isnull=False)
        if asked.update(outcome_due_at=None):
            opening.open_next(Delivery.objects.get(pk=delivery_id))


def _record_outcome(
    delivery_id: uuid.UUID, state: DeliveryState, *, reason: str, asked_on: bool = False
) -> bool:
    sent = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.SENT)
    fields = {} if asked_on else {"outcome_due_at": None}
    return sent.update(state=state, reason=reason, outcome_at=Now(), **fields) == 1
