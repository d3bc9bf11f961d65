"""Asks the provider what became of a message that it took: sent is not delivered."""

import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.db.models.functions import Now
from structlog.contextvars import bound_contextvars

from alerts.channels import ADAPTERS, ChannelError, Outcome
from alerts.deliveries import outcomes
from alerts.models import Delivery
from alerts.responses import Answer, respond
from alerts.sending import rate_limit
from alerts.states import DeliveryState, Proof, ResponseKind
from config import tracing
from contacts.choices import Channel, Priority

ASKED_FOR = timedelta(minutes=5)
"""How long after sending to ask, and then once more. A call rings for a minute at most."""
ASKED_FOR_AN_ANSWER = timedelta(minutes=20)
"""The same for calls that wait for a key. The contact flow repeats a text ten times at most."""

MAX_SECONDS = 1.0
"""Seconds for taking places in the rate limit."""

ASKED = frozenset(channel for channel, adapter in ADAPTERS.items() if adapter.ask)
"""The channels whose provider can be asked."""

log = structlog.get_logger(__name__)


def take_due(most: int) -> list[uuid.UUID]:
    """Take sent deliveries whose outcome is due, as many as the rate limit allows.

    The most urgent come first. Within a priority, those come first that an event has announced, then those whose
    telephone has stopped ringing, because their answer opens the next channel. Each becomes due again a little later,
    unless `ask` gets its answer. The rest stay due.
    """
    with transaction.atomic():
        due = (row for priority in Priority for row in _due(priority, most))
        ids = list(islice(_affordable(due), most))
        if ids:
            _asked_about().filter(pk__in=ids).update(outcome_due_at=Now() + outcomes.OUTCOME_EVERY)
    return ids


def give_back(ids: Sequence[uuid.UUID]) -> None:
    """Make deliveries due again that nobody asked about."""
    if ids:
        _asked_about().filter(pk__in=ids, outcome_due_at__isnull=False).update(outcome_due_at=Now())


def ask_soon(provider_id: str) -> None:
    """Ask about the call with this provider id before all others of its priority, if it is asked about at all.

    One statement: the index of deliveries to ask about has few rows.
    """
    _asked_about().filter(channel__in=ASKED, outcome_due_at__isnull=False, provider_id=provider_id).update(
        outcome_due_at=F("finished_at")
    )


def ask(delivery_id: uuid.UUID) -> None:
    """Ask the provider and record its answer. Without an answer, ask again later, until it is too late."""
    delivery = _asked_about().filter(pk=delivery_id).first()
    provider = ADAPTERS[Channel(delivery.channel)].ask if delivery else None
    if delivery is None or provider is None:
        return
    with (
        bound_contextvars(alert_id=delivery.alert_id, delivery_id=str(delivery_id)),
        tracing.span(
            "ask",
            parent=delivery.traceparent,
            kind="client",
            alert_id=delivery.alert_id,
            delivery_id=str(delivery_id),
            channel=delivery.channel,
        ) as span,
    ):
        try:
            outcome = provider(delivery.provider_id)
        except ChannelError as error:
            span.fail(error.reason)
            error.report(log, "outcome.unknown")
            _end_if_late(delivery_id)
            return
        if outcome.undelivered:
            span.note(outcome=DeliveryState.UNDELIVERED, reason=outcome.undelivered)
            outcomes.mark_undelivered(delivery_id, outcome.undelivered)
            log.warning("delivery.undelivered", reason=outcome.undelivered.value)
        elif outcome.delivered:
            span.note(outcome=DeliveryState.DELIVERED)
            _picked_up(delivery, outcome)
        else:
            _end_if_late(delivery_id)


def _picked_up(delivery: Delivery, outcome: Outcome) -> None:
    wants_answer = delivery.wants_answer
    if delivery.state == DeliveryState.SENT:
        outcomes.mark_delivered(delivery.pk, asked_on=wants_answer)
        log.info("delivery.delivered")
    if not wants_answer:
        return
    if outcome.answer is not None:
        _take_answer(delivery, outcome.answer, outcome)
    elif outcome.ended:
        outcomes.end_without_answer(delivery.pk)
    else:
        _end_if_late(delivery.pk)


def _take_answer(delivery: Delivery, kind: ResponseKind, outcome: Outcome) -> None:
    """Store the person's answer before the last question is recorded: after a kill in between, Bleep asks again."""
    assert delivery.engagement_id is not None  # noqa: S101 - it wants an answer
    answer = Answer(
        kind=kind,
        proof=Proof.CALL_KEY,
        evidence=delivery.provider_id,  # a call has one answer
        provider_at=outcome.answered_at,
        delivery=delivery,
    )
    respond(delivery.engagement_id, answer)
    _asked_about().filter(pk=delivery.pk).update(outcome_due_at=None)


def _asked_about() -> QuerySet[Delivery]:
    """Deliveries to ask about: sent ones, and calls that were picked up for as long as an answer may come."""
    picked_up = Q(state=DeliveryState.DELIVERED, outcome_due_at__isnull=False)
    return Delivery.objects.filter(Q(state=DeliveryState.SENT) | picked_up)


def _due(priority: Priority, most: int) -> Iterator[tuple[uuid.UUID, Channel, Priority]]:
    rung = timedelta(seconds=settings.CONNECT_RING_SECONDS)
    due = (
        _asked_about()
        .filter(priority=priority, outcome_due_at__lte=Now())
        .select_for_update(skip_locked=True)
    )
    hinted, silent = Q(outcome_due_at__lte=F("finished_at")), Q(finished_at__lte=Now() - rung)
    telling_first = Case(When(hinted, then=Value(0)), When(silent, then=Value(1)), default=Value(2))
    rows = due.order_by(telling_first, "outcome_due_at").values_list("pk", "channel")[:most]
    return ((pk, Channel(channel), priority) for pk, channel in rows)


def _affordable(rows: Iterable[tuple[uuid.UUID, Channel, Priority]]) -> Iterator[uuid.UUID]:
    """The rows that the rate limit allows.

    It stops after a second: the rows are locked, and a slow Redis must not keep them so. Rows come by urgency, so a
    channel that is full for one row is full for all that follow.
    """
    full: set[Channel] = set()
    until = time.monotonic() + MAX_SECONDS
    for pk, channel, priority in rows:
        if time.monotonic() > until:
            return
        if channel in full:
            continue
        if rate_limit.acquire_for_question(channel, priority):
            yield pk
            continue
        full.add(channel)
        if full.issuperset(ASKED):
            return


def _end_if_late(delivery_id: uuid.UUID) -> None:
    """Stop asking once the time is over. Only a question that was really asked ends it."""
    for_long = Q(engagement=None, finished_at__lte=Now() - ASKED_FOR)
    for_very_long = Q(finished_at__lte=Now() - ASKED_FOR_AN_ANSWER)
    late = _asked_about().filter(for_long | for_very_long, pk=delivery_id)
    late.update(outcome_due_at=None)
