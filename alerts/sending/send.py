"""Send one delivery: claim it, call the channel outside any transaction, record the result.

Workers get here through Celery, and the relay directly when Redis is down. There is only one way to send.
"""

import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import structlog
from django.conf import settings
from django.db import transaction
from django.db.utils import DataError, Error, IntegrityError
from structlog.contextvars import bound_contextvars

from alerts.channels import ADAPTERS, ChannelError, Fault, Message, SendResult
from alerts.channels.base import recipient
from alerts.deliveries import claims, lifecycle, queries, retry
from alerts.deliveries.claims import Claim
from alerts.models import Delivery
from alerts.sending import breaker, rate_limit, texts
from alerts.states import AttemptState, Reason
from config import database, tracing
from contacts.choices import Channel, Priority

RECORD_SECONDS = 180.0
"""How long to keep an answer while the database is away: a failover takes a minute. An answer that is recorded after
the lease has ended still settles the doubt."""
RECORD_PAUSE = 1.0
LEASE_MARGIN = 10.0
"""Seconds of the lease kept for recording."""

log = structlog.get_logger(__name__)


def deliver(delivery_id: uuid.UUID) -> None:
    """Send the delivery if it is due, unclaimed and its channel may be used. Otherwise postpone it or do nothing."""
    # The time runs from before the claim, so that it is over for a process that was paused right after the claim.
    deadline = time.monotonic() + settings.LEASE.total_seconds() - LEASE_MARGIN
    due = claims.find_due(delivery_id)
    if due is None:
        return
    with _span("deliver", due, kind="consumer") as span:
        with tracing.span("claim"):
            claimed = _claim(due)
        if claimed is not None:
            span.note(attempt=claimed.attempt.number)
            _send(claimed, deadline)


def _send(claimed: Claim, deadline: float) -> None:
    ids = {
        "alert_id": claimed.delivery.alert_id,
        "delivery_id": str(claimed.delivery.pk),
        "attempt_id": claimed.attempt.pk,
        "channel": claimed.delivery.channel,
    }
    with bound_contextvars(**ids):
        try:
            result = _call(claimed, deadline)
        except ChannelError as error:
            # Log it first: if the database stays away, the provider's code is in the log alone.
            error.report(log, "attempt.failed")
            _record(lambda failure=error: settle(claimed, failure))  # type: ignore[misc]
            # Only now: before, another thread would look at the attempts without this failure, and remember that.
            breaker.look_again(Channel(claimed.delivery.channel))
        else:
            # Log first here, too: the provider's id would be lost.
            log.info("attempt.sent", provider_id=result.provider_id)
            _record(lambda: lifecycle.mark_sent(claimed, result))


def _span(
    name: str, delivery: Delivery, kind: tracing.Kind = "internal"
) -> AbstractContextManager[tracing.Span]:
    """A span in the trace of the request that led to the delivery."""
    return tracing.span(
        name,
        parent=delivery.traceparent,
        kind=kind,
        alert_id=delivery.alert_id,
        delivery_id=str(delivery.pk),
        channel=delivery.channel,
        priority=delivery.priority,
    )


def settle(claimed: Claim, error: ChannelError) -> bool:
    """Decide what follows a failed attempt, and record both."""
    before = queries.history(claimed.delivery, but=claimed.attempt)
    decision = retry.decide(
        retry.Situation(
            channel=Channel(claimed.delivery.channel),
            priority=Priority(claimed.delivery.priority),
            fault=error.fault,
            reason=error.reason,
            number=claimed.attempt.number,
            tries=before.tries,
            age=before.since_first,
            doubts=before.doubts + (error.fault is Fault.UNKNOWN),
            lost_workers=before.lost_workers + (error.reason is Reason.WORKER_LOST),
            is_last=not queries.steps_left(claimed.delivery),
        )
    )
    return lifecycle.mark_failed(claimed, error, decision)


def recover_expired() -> int:
    """Settle every delivery whose worker died while sending; return how many."""
    return sum(_recover(delivery_id) for delivery_id in queries.expired_ids())


def _recover(delivery_id: uuid.UUID) -> bool:
    with bound_contextvars(delivery_id=str(delivery_id)):
        try:
            with transaction.atomic():
                claimed = claims.expired_claim(delivery_id)
                if claimed is None:
                    return False
                with bound_contextvars(alert_id=claimed.delivery.alert_id, attempt_id=claimed.attempt.pk):
                    return _settle_lost(claimed)
        except database.AWAY:
            raise
        except Exception:
            # One delivery that cannot be recovered must not stop the others.
            log.exception("relay.recovery_failed")
            return False


def _settle_lost(claimed: Claim) -> bool:
    lost = ChannelError(Fault.UNKNOWN, Reason.WORKER_LOST)
    with _span("recover", claimed.delivery) as span:
        span.note(attempt=claimed.attempt.number)
        span.fail(lost.reason)
        lost.report(log, "attempt.failed")
        return settle(claimed, lost)


def _claim(due: Delivery) -> Claim | None:
    """Claim the delivery if its channel has room now. Otherwise postpone it, or go on to the next channel."""
    if breaker.is_down(Channel(due.channel)):
        return _claim_while_down(due)
    wait = rate_limit.acquire(due)
    if wait is not None:
        claims.postpone(due.pk, wait)
        return None
    return claims.claim(due.pk)


def _claim_while_down(due: Delivery) -> Claim | None:
    """While the provider is down, High and deliveries that waited too long go on to their next channel; the rest probe.

    A delivery that waited too long and has no next channel fails once the provider has been down that long too, so that
    staff see it. Until then it is worth a try.
    """
    priority, channel = Priority(due.priority), Channel(due.channel)
    age = retry.SCHEDULES[priority].age
    too_old = queries.history(due).since_made > age
    if priority is Priority.HIGH or too_old:
        claimed = breaker.claim_as_probe(due, quiet_for=breaker.RARE_PROBE)
        if claimed is not None or _skip_channel(due):
            return claimed
    claimed = breaker.claim_as_probe(due)
    if claimed is not None:
        return claimed
    if not (too_old and breaker.has_been_down_for(channel, age) and _skip_channel(due, even_the_last=True)):
        claims.postpone(due.pk, breaker.wait(priority))
    return None


def _skip_channel(due: Delivery, *, even_the_last: bool = False) -> bool:
    passed = lifecycle.skip_channel(due.pk, Reason.PROVIDER_DOWN, even_the_last=even_the_last)
    if passed:
        log.warning("delivery.passed_over", delivery_id=str(due.pk), channel=due.channel)
    return passed


def _call(claimed: Claim, deadline: float) -> SendResult:
    adapter = ADAPTERS[Channel(claimed.delivery.channel)]
    with tracing.span("send", kind="client", channel=claimed.delivery.channel) as span:
        try:
            result = adapter.send(_message(claimed, deadline))
        except ChannelError as error:
            span.fail(error.reason)
            raise
        except Exception as error:
            # A bug in our adapter. The request may have left, so the attempt is in doubt, not failed.
            log.exception("channel.broken")
            span.fail(Reason.ANSWER_LOST)
            raise ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, type(error).__name__) from None
        span.note(outcome=AttemptState.SENT)
        return result


def _message(claimed: Claim, deadline: float) -> Message:
    written = texts.write(claimed.delivery)
    return Message(
        delivery_id=str(claimed.delivery.pk),
        recipient=recipient(claimed.delivery.clinician_id),
        address=claimed.delivery.address,
        subject=written.subject,
        obstacle=claimed.obstacle,
        subscription=claimed.subscription,
        text=written.email,
        sms=written.sms.text,
        spoken=written.spoken,
        spoken_digits=written.spoken_digits,
        wants_answer=claimed.delivery.wants_answer,
        deadline=deadline,
    )


def _record(write: Callable[[], bool]) -> None:
    """Record the answer. Wait while the database is away: a lost answer becomes a doubt, or a second SMS."""
    until = time.monotonic() + RECORD_SECONDS
    while True:
        try:
            with tracing.span("record"):
                in_time = write()
            if not in_time:
                log.warning("attempt.lease_lost")
        except (IntegrityError, DataError):
            raise
        except Error:
            database.forget_session()
            if time.monotonic() > until:
                raise
            time.sleep(RECORD_PAUSE)
        else:
            return
