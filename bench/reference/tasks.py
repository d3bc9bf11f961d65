"""The task of a delivery. No worker runs it here, because the comparison is about taking alerts."""

from celery import shared_task


@shared_task
def deliver(delivery_id: int) -> None:
    """Deliver one."""
