"""Celery tasks. Each takes a delivery's id and nothing else, and returns nothing."""

import uuid
from typing import Any

from celery import current_app, shared_task
from celery.signals import heartbeat_sent
from django.db import close_old_connections

from alerts.monitoring.heartbeats import note_task, worker_heartbeat
from alerts.sending import outcomes, send


@shared_task
def deliver(delivery_id: str) -> None:
    """Send the delivery, if it is still due."""
    note_task()
    close_old_connections()  # the database may have restarted since the last task
    send.deliver(uuid.UUID(delivery_id))


@shared_task
def ask_outcome(delivery_id: str) -> None:
    """Ask the provider what became of a message."""
    close_old_connections()
    outcomes.ask(uuid.UUID(delivery_id))


@heartbeat_sent.connect
def note_heartbeat(sender: Any, **_kwargs: Any) -> None:
    """Record that this worker is at work; Celery sends no heartbeat while it is cut off from Redis."""
    worker_heartbeat.start_if_due(sender.eventer.hostname, current_app.amqp.queues.consume_from)
