"""What became of an accepted message, where its provider can be asked: accepted is not delivered."""

import uuid
from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Case, When
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from alerts import lifecycle, pacing
from alerts.channels import RECEIPTS, ChannelError
from alerts.models import Delivery
from alerts.states import DeliveryState, Reason
from contacts.choices import Channel

ASKED_FOR = timedelta(minutes=5)
"""For so long after the acceptance the provider is asked; a call rings for a minute at most."""

log = structlog.get_logger(__name__)


def take_due(most: int) -> list[uuid.UUID]:
    """Accepted deliveries whose outcome is to be asked for now; each is due again a little later, until it is known."""
    accepted = Delivery.objects.filter(state=DeliveryState.ACCEPTED)
    with transaction.atomic():
        due = accepted.filter(receipt_due_at__lte=Now()).select_for_update(skip_locked=True)
        ids = list(due.order_by("receipt_due_at").values_list("pk", flat=True)[:most])
        again = Case(
            When(finished_at__gt=Now() - ASKED_FOR, then=Now() + lifecycle.RECEIPT_EVERY), default=None
        )
        if ids:
            accepted.filter(pk__in=ids).update(receipt_due_at=again)
    return ids


def ask(delivery_id: uuid.UUID) -> None:
    """Ask the provider, and record what it says. No answer is no news: it is asked again."""
    delivery = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.ACCEPTED).first()
    if delivery is None or not pacing.has_room_for_question(Channel(delivery.channel)):
        return
    with bound_contextvars(alert_id=delivery.alert_id, delivery_id=str(delivery_id)):
        try:
            outcome = RECEIPTS[Channel(delivery.channel)](delivery.provider_id)
        except ChannelError as error:
            level = log.error if error.reason is Reason.MISCONFIGURED else log.warning
            level("receipt.unknown", reason=error.reason.value, code=error.code)
            return
        if outcome.delivered:
            lifecycle.confirm(delivery_id)
            log.info("delivery.delivered")
        elif outcome.undelivered:
            lifecycle.refute(delivery_id, outcome.undelivered)
            log.warning("delivery.undelivered", reason=outcome.undelivered.value)
