"""Deliveries that wait longer than they should."""

from datetime import datetime

from django.utils import timezone

from alerts.models import Delivery
from alerts.monitoring.checks import LEASE_OVERRUN, OBJECTIVE
from alerts.states import DeliveryState
from contacts.choices import Priority


def overdue_since(delivery: Delivery) -> datetime | None:
    """Since when it has waited; None if that is not longer than the checks of `alerts.monitoring` allow."""
    since, limit = delivery.lease_expires_at, LEASE_OVERRUN
    if delivery.state == DeliveryState.PENDING:
        tried = [each.finished_at for each in delivery.attempts.all() if each.finished_at]
        since = min(delivery.available_at, max(tried, default=delivery.created_at))
        limit = OBJECTIVE[Priority(delivery.priority)]
    return since if since and since + limit < timezone.now() else None
