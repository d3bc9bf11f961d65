"""Celery's doors onto `alerts.delivery`: a delivery's id in, nothing else, nothing out."""

import uuid

from celery import shared_task
from django.db import close_old_connections

from alerts import delivery, receipts


@shared_task
def deliver(delivery_id: str) -> None:
    """Send the delivery, if it is still due."""
    close_old_connections()  # has the kept connection looked at: the database may have restarted since the last task
    delivery.deliver(uuid.UUID(delivery_id))


@shared_task
def ask_for_receipt(delivery_id: str) -> None:
    """Ask the provider what became of an accepted message."""
    close_old_connections()
    receipts.ask(uuid.UUID(delivery_id))
