"""Celery tasks. Each takes ids of deliveries and nothing else, and returns nothing."""

import uuid
from collections.abc import Callable
from typing import Any

import structlog
from celery import current_app, shared_task
from celery.signals import heartbeat_sent, worker_init, worker_shutting_down

from alerts.channels import aws
from alerts.deliveries import claims
from alerts.monitoring.heartbeats import note_task, worker_heartbeat
from alerts.sending import outcomes, send
from config import database
from config.outages import Outage

log = structlog.get_logger(__name__)
OUTAGE = Outage(begins="worker.database_away", ends="worker.database_back")
_stopping = False


@shared_task
def deliver(*delivery_ids: str) -> None:
    """Send the deliveries that are still due, one after the other. A worker that is stopping leaves the rest."""
    for number, each in enumerate(delivery_ids):
        if _stopping:
            with database.kept_session():
                claims.give_back([uuid.UUID(left) for left in delivery_ids[number:]])
            return
        note_task()
        _do(send.deliver, each)


@shared_task
def ask_outcome(*delivery_ids: str) -> None:
    """Ask the provider what became of messages."""
    for each in delivery_ids:
        _do(outcomes.ask, each)


def _do(work: Callable[[uuid.UUID], None], delivery_id: str) -> None:
    """An error with one delivery must not stop the others of its task. A relay sees that it was not done."""
    try:
        with database.kept_session():
            work(uuid.UUID(delivery_id))
    except database.AWAY as error:
        OUTAGE.failed(error, database.cause(error))
    except Exception:
        log.exception("worker.task_failed", delivery_id=delivery_id)
    else:
        OUTAGE.works()


@worker_init.connect
def prepare(**_kwargs: Any) -> None:
    """Load what sending needs before the worker takes a task."""
    aws.prepare()


@worker_shutting_down.connect
def note_end(**_kwargs: Any) -> None:
    """Note that this worker is stopping. It has only time for the calls that are running."""
    global _stopping  # noqa: PLW0603 - one for the process
    _stopping = True


@heartbeat_sent.connect
def note_heartbeat(sender: Any, **_kwargs: Any) -> None:
    """Record that this worker is at work. Celery sends no heartbeat while it is cut off from Redis."""
    worker_heartbeat.start_if_due(sender.eventer.hostname, current_app.amqp.queues.consume_from)
