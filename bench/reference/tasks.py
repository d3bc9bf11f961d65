"""Delivering, which no worker does here: what is compared is how alerts are taken."""

from celery import shared_task


@shared_task
def deliver(delivery_id: int) -> None:
    """Deliver one."""
