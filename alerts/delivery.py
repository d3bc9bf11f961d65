"""Sending one delivery: claim it, call the channel outside any transaction, record what came of it.

Workers come here through Celery, and the relay comes here itself when Redis is down: there is one way to send.
"""

import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import close_old_connections
from django.db.utils import InterfaceError, OperationalError
from structlog.contextvars import bound_contextvars

from alerts import breaker, lifecycle, pacing, policy, wording
from alerts.channels import CHANNELS, ChannelError, Fault, Message, Receipt
from alerts.lifecycle import Claim
from alerts.models import Delivery
from alerts.states import Reason
from contacts.choices import Channel, Priority

RECORD_TRIES = 10
RECORD_PAUSE = 1.0
"""Seconds between tries to record an answer while the database is away; all of them end well before the lease."""

log = structlog.get_logger(__name__)


def deliver(delivery_id: uuid.UUID) -> None:
    """Send the delivery if it is due, nobody has it and its channel may be used; else put it off or do nothing."""
    due = lifecycle.find_due(delivery_id)
    claimed = _claim(due) if due else None
    if claimed is None:
        return
    ids = {
        "alert_id": claimed.delivery.alert_id,
        "delivery_id": str(delivery_id),
        "attempt_id": claimed.attempt.pk,
        "channel": claimed.delivery.channel,
    }
    with bound_contextvars(**ids):
        try:
            receipt = _call(claimed)
        except ChannelError as error:
            _record(lambda failure=error: settle(claimed, failure))  # type: ignore[misc]
        else:
            _record(lambda: lifecycle.accept(claimed, receipt))
            log.info("attempt.accepted")


def settle(claimed: Claim, error: ChannelError) -> bool:
    """Decide what follows a failed attempt, and record both."""
    tries, age = lifecycle.tries_and_age(claimed.delivery)
    decision = policy.decide(
        policy.Situation(
            channel=Channel(claimed.delivery.channel),
            priority=Priority(claimed.delivery.priority),
            fault=error.fault,
            reason=error.reason,
            number=claimed.attempt.number,
            tries=tries,
            age=age,
        )
    )
    level = log.error if error.reason is Reason.MISCONFIGURED else log.warning
    level("attempt.failed", reason=error.reason.value, code=error.code, next=type(decision).__name__)
    return lifecycle.fail(claimed, error, decision)


def recover_expired() -> int:
    """Settle every delivery whose worker died in the middle of sending; return how many."""
    count = 0
    for claimed in lifecycle.expired():
        with bound_contextvars(alert_id=claimed.delivery.alert_id, delivery_id=str(claimed.delivery.pk)):
            settle(claimed, ChannelError(Fault.UNKNOWN, Reason.WORKER_LOST))
        count += 1
    return count


def _claim(due: Delivery) -> Claim | None:
    """Claim what its channel has room for now; what it has not is put off, or goes on to the next channel."""
    if breaker.is_down(Channel(due.channel)):
        return _claim_while_down(due)
    wait = pacing.hold(due)
    if wait is not None:
        lifecycle.postpone(due.pk, wait)
        return None
    return lifecycle.claim(due.pk)


def _claim_while_down(due: Delivery) -> Claim | None:
    """While the provider is down: High, and what has waited too long, goes on to its next channel; the rest probes."""
    priority = Priority(due.priority)
    _, age = lifecycle.tries_and_age(due)
    if priority is Priority.HIGH or age > policy.SCHEDULES[priority].age:
        claimed = breaker.claim_as_probe(due, quiet_for=breaker.RARE_PROBE)
        if claimed is not None:
            return claimed
        if lifecycle.pass_over(due.pk, Reason.PROVIDER_DOWN):
            log.warning("delivery.passed_over", delivery_id=str(due.pk), channel=due.channel)
            return None
    claimed = breaker.claim_as_probe(due)
    if claimed is None:
        lifecycle.postpone(due.pk, breaker.wait(priority))
    return claimed


def _call(claimed: Claim) -> Receipt:
    send = CHANNELS[Channel(claimed.delivery.channel)]
    try:
        return send(_message(claimed))
    except ChannelError:
        raise
    except Exception as error:
        # A fault in our own adapter: the request may have left all the same, so it is in doubt and not failed.
        log.exception("channel.broken")
        raise ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, type(error).__name__) from None


def _message(claimed: Claim) -> Message:
    alert = claimed.delivery.alert
    return Message(
        delivery_id=str(claimed.delivery.pk),
        recipient=f"clinician-{claimed.delivery.clinician_id}",
        address=claimed.delivery.address,
        subject=wording.subject(alert.type),
        urgent=claimed.delivery.priority == Priority.HIGH,
        text=wording.text(description=alert.description, patient_id=alert.patient_id),
        spoken=wording.spoken(description=alert.description),
        spoken_digits=alert.patient_id,
        deadline=time.monotonic() + settings.LEASE.total_seconds() - RECORD_TRIES * RECORD_PAUSE,
    )


def _record(write: Callable[[], bool]) -> None:
    """Write the answer down, waiting out a database restart: a lost answer becomes a doubt, or a second SMS."""
    for remaining in reversed(range(RECORD_TRIES)):
        try:
            if not write():
                log.warning("attempt.lease_lost")
        except (OperationalError, InterfaceError):
            close_old_connections()
            if not remaining:
                raise
            time.sleep(RECORD_PAUSE)
        else:
            return
