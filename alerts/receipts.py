"""What became of an accepted message, where its provider can be asked: accepted is not delivered."""

import uuid
from datetime import timedelta

import structlog
from django.db.models import Q
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from alerts import lifecycle
from alerts.channels import RECEIPTS, ChannelError
from alerts.models import Delivery
from alerts.states import DeliveryState
from contacts.choices import Channel

ASKED_FOR = timedelta(minutes=5)
"""For so long after the acceptance the provider is asked; a call rings for a minute at most."""

log = structlog.get_logger(__name__)


def take_due(most: int) -> list[tuple[uuid.UUID, str]]:
    """Id and priority of accepted deliveries whose outcome is to be asked for now; each is due again a little later."""
    due = Delivery.objects.filter(state=DeliveryState.ACCEPTED, receipt_due_at__lte=Now())
    taken = list(due.order_by("receipt_due_at").values_list("pk", "priority")[:most])
    if taken:
        again = Q(finished_at__gt=Now() - ASKED_FOR)
        ids = [pk for pk, _ in taken]
        due.filter(again, pk__in=ids).update(receipt_due_at=Now() + lifecycle.RECEIPT_EVERY)
        due.filter(~again, pk__in=ids).update(receipt_due_at=None)
    return taken


def ask(delivery_id: uuid.UUID) -> None:
    """Ask the provider, and record what it says. An error is no news: it is asked again."""
    delivery = Delivery.objects.filter(pk=delivery_id, state=DeliveryState.ACCEPTED).first()
    if delivery is None:
        return
    with bound_contextvars(alert_id=delivery.alert_id, delivery_id=str(delivery_id)):
        try:
            outcome = RECEIPTS[Channel(delivery.channel)](delivery.provider_id)
        except ChannelError as error:
            log.warning("receipt.unknown", reason=error.reason.value, code=error.code)
            return
        if outcome.delivered:
            lifecycle.confirm(delivery_id)
            log.info("delivery.delivered")
        elif outcome.undelivered:
            lifecycle.refute(delivery_id, outcome.undelivered)
            log.warning("delivery.undelivered", reason=outcome.undelivered.value)
