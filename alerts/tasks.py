"""Celery tasks. Each takes a delivery's id and nothing else, and returns nothing."""

import uuid
from typing import Any

from celery import current_app, shared_task
from celery.signals import heartbeat_sent

from alerts.monitoring.heartbeats import note_task, worker_heartbeat
from alerts.sending import outcomes, send
from config import database


@shared_task
def deliver(delivery_id: str) -> None:
    """Send the delivery, if it is still due."""
    note_task()
    with database.kept_session():
        send.deliver(uuid.UUID(delivery_id))


@shared_task
def ask_outcome(delivery_id: str) -> None:
    """Ask the provider what became of a message."""
    with database.kept_session():
        outcomes.ask(uuid.UUID(delivery_id))


@heartbeat_sent.connect
def note_heartbeat(sender: Any, **_kwargs: Any) -> None:
    """Record that this worker is at work; Celery sends no heartbeat while it is cut off from Redis."""
    worker_heartbeat.start_if_due(sender.eventer.hostname, current_app.amqp.queues.consume_from)
