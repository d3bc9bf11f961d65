"""Texts, patient references and addresses of alerts that ended long ago."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import Min, QuerySet

from alerts.models import Alert
from retention import blanking
from retention.blanking import IS_BLANK, Done

AT_ONCE = 200
"""Alerts in one transaction, which takes a third of a second on a busy machine."""


def waiting(before: datetime, since: datetime | None = None) -> QuerySet[Alert]:
    """Alerts that ended before that moment and still have their texts, the oldest first.

    Not those that staff have yet to look after: without its text nobody could.
    """
    found = blanking.ended_before(before).exclude(IS_BLANK).exclude(blanking.WANTED)
    return (found.filter(created_at__gte=since) if since else found).order_by("created_at", "id")


def batches(before: datetime, since: datetime | None = None) -> Iterator[Done]:
    """Blank them. Each batch is committed before the next begins; what somebody else holds is left for another day."""
    while True:
        with transaction.atomic():
            found = blanking.lock(waiting(before, since), AT_ONCE)
            done = blanking.blank(found)
        if not found:
            return
        since = found[-1].created_at
        yield done


def all_blank_until(before: datetime, since: datetime | None = None) -> datetime:
    """The moment before which no alert has its texts."""
    alerts = Alert.objects.filter(created_at__lt=before).exclude(IS_BLANK)
    if since:
        alerts = alerts.filter(created_at__gte=since)
    oldest: datetime | None = alerts.aggregate(oldest=Min("created_at"))["oldest"]
    return oldest or before
