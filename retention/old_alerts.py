"""Deletes the rest of an alert after years.

What people did and answered is sealed (docs/trail.md), so alerts with such rows stay, without any text.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from alerts.models import Alert, AlertAction, Response
from retention import blanking
from retention.blanking import Done

AT_ONCE = 200
OF_DELIVERIES = "delivery_id IN (SELECT id FROM alerts_delivery WHERE alert_id = ANY(%s))"
OF_ENGAGEMENTS = "engagement_id IN (SELECT id FROM alerts_engagement WHERE alert_id = ANY(%s))"
TABLES = {
    "alerts_attempt": OF_DELIVERIES,
    "alerts_answerlink": OF_DELIVERIES,
    "alerts_replycode": OF_ENGAGEMENTS,
    "alerts_delivery": "alert_id = ANY(%s)",
    "alerts_engagement": "alert_id = ANY(%s)",
    "alerts_loop": "alert_id = ANY(%s)",
    "alerts_blankedalert": "alert_id = ANY(%s)",
    "alerts_alert": "id = ANY(%s)",
}
"""The tables of an alert without actions and answers, in the order in which rows can be deleted."""


def waiting(before: datetime) -> QuerySet[Alert]:
    """Alerts that ended before this time, and have no sealed rows."""
    sealed = AlertAction.objects.filter(Q(alert=OuterRef("pk")) | Q(sent_on_as=OuterRef("pk")))
    answered = Response.objects.filter(alert=OuterRef("pk"))
    found = blanking.ended_before(before).filter(~Exists(sealed), ~Exists(answered))
    return found.order_by("created_at", "id")


def batches(before: datetime) -> Iterator[Done]:
    """Delete them, with all rows that belong to them."""
    while True:
        done: Done = Counter()
        with transaction.atomic():
            ids = [each.pk for each in blanking.lock(waiting(before), AT_ONCE)]
            with connection.cursor() as cursor:
                for table, condition in TABLES.items() if ids else ():
                    cursor.execute(f"DELETE FROM {table} WHERE {condition}", [ids])  # noqa: S608 - names of our own
                    done[table] += cursor.rowcount
        if not ids:
            return
        yield +done
