"""Replaces the texts, patient references and addresses of alerts by `(expired)`. Call inside a transaction."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from alerts.models import (
    IS_UNFINISHED,
    NEEDS_ATTENTION,
    UNANSWERED,
    Alert,
    AlertAction,
    AnswerLink,
    BlankedAlert,
    Delivery,
    InboundMessage,
    Loop,
    ReplyCode,
    Response,
    digest_of,
)
from contacts.masking import EXPIRED

Done = Counter[str]
"""Rows that were changed or deleted, by table."""


def under_way() -> Q:
    """Alerts with something still to be sent, asked or answered."""
    deliveries = Delivery.objects.filter(alert=OuterRef("pk"))
    waiting = deliveries.filter(IS_UNFINISHED | Q(outcome_due_at__isnull=False))
    return Q(Exists(waiting)) | Q(Exists(Loop.objects.filter(alert=OuterRef("pk"), ended_at=None)))


WANTED = NEEDS_ATTENTION | UNANSWERED
"""Alerts that Home still shows, however old."""


def ended_before(moment: datetime) -> QuerySet[Alert]:
    """Alerts that ended before this time: nothing is under way, and nothing was sent, answered or done since."""
    sent = Q(finished_at__gte=moment) | Q(outcome_at__gte=moment)
    since = (
        Delivery.objects.filter(sent, alert=OuterRef("pk")),
        Loop.objects.filter(alert=OuterRef("pk"), ended_at__gte=moment),
        AlertAction.objects.filter(alert=OuterRef("pk"), created_at__gte=moment),
        Response.objects.filter(alert=OuterRef("pk"), at__gte=moment),
    )
    found = Alert.objects.filter(~under_way(), created_at__lt=moment)
    for rows in since:
        found = found.filter(~Exists(rows))
    return found


def lock(alerts: QuerySet[Alert], most: int, *, wait: bool = False) -> list[Alert]:
    """The first of these, locked in the usual order. Without `wait`, locked rows are left for later."""
    locked = alerts.select_for_update(of=("self",), no_key=True, skip_locked=not wait)
    ids = list(locked.values_list("pk", flat=True)[:most])
    # Read them again under the lock: somebody may have sent one again just before.
    return list(alerts.filter(pk__in=ids)) if ids else []


def blank(alerts: Sequence[Alert]) -> Done:
    """Blank the texts of these alerts, and the addresses to which they were sent. The number of statements does not
    depend on the number of alerts.
    """
    ids = [each.pk for each in alerts]
    keep_digests(alerts)
    done: Done = Counter()
    changed = Alert.objects.filter(pk__in=ids)
    add(done, Alert, changed.update(type=EXPIRED, patient_id=EXPIRED, description=EXPIRED))
    addresses = Delivery.objects.filter(alert__in=ids).exclude(address=EXPIRED)
    add(done, Delivery, addresses.update(address=EXPIRED))
    done += notes(AlertAction.objects.filter(alert__in=ids), Response.objects.filter(alert__in=ids))
    done += ways_to_answer(Q(delivery__alert__in=ids), Q(engagement__alert__in=ids))
    return done


def keep_digests(alerts: Sequence[Alert]) -> None:
    """Keep a digest of each alert, so that a repeat is still recognised."""
    rows = [BlankedAlert(alert=each, at=Now(), digest=digest_of(each)) for each in alerts]
    BlankedAlert.objects.bulk_create(rows, ignore_conflicts=True)


def notes(actions: QuerySet[AlertAction], responses: QuerySet[Response]) -> Done:
    """Blank notes of staff and replies of people, and delete codes and links."""
    done: Done = Counter()
    for field in ("note", "told"):
        written = actions.exclude(**{f"{field}__in": ("", EXPIRED)})
        add(done, AlertAction, written.update(**{field: EXPIRED}))
    add(done, Response, responses.exclude(note__in=("", EXPIRED)).update(note=EXPIRED))
    # Replies that were matched are evidence, and stay.
    came_in = InboundMessage.objects.filter(response__in=responses).exclude(sender=EXPIRED)
    add(done, InboundMessage, came_in.update(sender=EXPIRED, text=EXPIRED))
    return done


def ways_to_answer(deliveries: Q, engagements: Q) -> Done:
    """Delete codes, which have an address, and links."""
    done: Done = Counter()
    add(done, ReplyCode, ReplyCode.objects.filter(engagements).delete()[0])
    add(done, AnswerLink, AnswerLink.objects.filter(deliveries).delete()[0])
    return done


def add(done: Done, model: Any, rows: int) -> None:
    """Add to the rows of a table."""
    if rows:
        done[model._meta.db_table] += rows  # noqa: SLF001 - documented
