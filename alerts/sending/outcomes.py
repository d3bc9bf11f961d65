"""What became of an accepted message, where its provider can be asked: accepted is not delivered."""

import time
import uuid
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, QuerySet, Value, When
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from alerts.channels import OUTCOMES, ChannelError
from alerts.deliveries import lifecycle
from alerts.models import Delivery
from alerts.sending import rate_limit
from alerts.states import DeliveryState, Reason
from contacts.choices import Channel, Priority

ASKED_FOR = timedelta(minutes=5)
"""For so long after the acceptance the provider is asked, and then once more; a call rings for a minute at most."""

LONGEST = 1.0
"""Seconds that the taking of places may last."""

log = structlog.get_logger(__name__)


def take_due(most: int) -> list[uuid.UUID]:
    """Accepted deliveries whose outcome is to be asked for now, and for which there is a place in the budget.

    The most urgent first, and of these those whose telephone has ceased to ring: their answer opens the next channel.
    Each is due again a little later, until `ask` has its answer; what found no place stays due.
    """
    with transaction.atomic():
        due = (row for priority in Priority for row in _due(priority, most))
        ids = list(islice(_affordable(due), most))
        if ids:
            _accepted().filter(pk__in=ids).update(outcome_due_at=Now() + lifecycle.OUTCOME_EVERY)
    return ids


def give_back(ids: list[uuid.UUID]) -> None:
    """Have those asked about again at once of which nobody was asked."""
    if ids:
        _accepted().filter(pk__in=ids, outcome_due_at__isnull=False).update(outcome_due_at=Now())


def ask(delivery_id: uuid.UUID) -> None:
    """Ask the provider, and record what it says. No answer is no news: it is asked again, until it is too late."""
    delivery = _accepted().filter(pk=delivery_id).first()
    if delivery is None:
        return
    with bound_contextvars(alert_id=delivery.alert_id, delivery_id=str(delivery_id)):
        try:
            outcome = OUTCOMES[Channel(delivery.channel)](delivery.provider_id)
        except ChannelError as error:
            level = log.error if error.reason is Reason.MISCONFIGURED else log.warning
            level("outcome.unknown", reason=error.reason.value, code=error.code)
            _end_if_late(delivery_id)
            return
        if outcome.delivered:
            lifecycle.mark_delivered(delivery_id)
            log.info("delivery.delivered")
        elif outcome.undelivered:
            lifecycle.mark_undelivered(delivery_id, outcome.undelivered)
            log.warning("delivery.undelivered", reason=outcome.undelivered.value)
        else:
            _end_if_late(delivery_id)


def _accepted() -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.SENT)


def _due(priority: Priority, most: int) -> Iterator[tuple[uuid.UUID, Channel, Priority]]:
    rung = timedelta(seconds=settings.CONNECT_RING_SECONDS)
    due = _accepted().filter(priority=priority, outcome_due_at__lte=Now()).select_for_update(skip_locked=True)
    silent_first = Case(When(finished_at__lte=Now() - rung, then=Value(0)), default=Value(1))
    rows = due.order_by(silent_first, "outcome_due_at").values_list("pk", "channel")[:most]
    return ((pk, Channel(channel), priority) for pk, channel in rows)


def _affordable(rows: Iterable[tuple[uuid.UUID, Channel, Priority]]) -> Iterator[uuid.UUID]:
    """Those that find a place, for a second at most: the rows are locked, and a slow Redis must not hold them.

    Whoever follows one that found none is no more urgent, and would find none either.
    """
    full: set[Channel] = set()
    until = time.monotonic() + LONGEST
    for pk, channel, priority in rows:
        if time.monotonic() > until:
            return
        if channel in full:
            continue
        if rate_limit.has_room_for_question(channel, priority):
            yield pk
            continue
        full.add(channel)
        if full.issuperset(OUTCOMES):
            return


def _end_if_late(delivery_id: uuid.UUID) -> None:
    """That was the last question, once five minutes are over: only one that was really asked ends the asking."""
    late = _accepted().filter(pk=delivery_id, finished_at__lte=Now() - ASKED_FOR)
    late.update(outcome_due_at=None)
