"""Blanks texts, patient references and addresses of alerts that ended long ago."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from alerts.models import HAS_TEXT, Alert
from retention import blanking
from retention.blanking import Done

AT_ONCE = 200
"""Alerts in one transaction, which takes a third of a second on a busy machine."""


def waiting(before: datetime, since: datetime | None = None) -> QuerySet[Alert]:
    """Alerts that ended before this time and still have their texts, the oldest first.

    Not those that staff still have to look after: without its text nobody could.
    """
    found = blanking.ended_before(before).filter(HAS_TEXT).exclude(blanking.WANTED)
    return (found.filter(created_at__gte=since) if since else found).order_by("created_at", "id")


def batches(before: datetime) -> Iterator[Done]:
    """Blank them, each batch in the transaction of `batches.each`. Locked alerts are left for another day."""
    since = None
    while found := blanking.lock(waiting(before, since), AT_ONCE):
        since = found[-1].created_at
        yield blanking.blank(found)
