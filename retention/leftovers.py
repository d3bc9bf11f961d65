"""Copies and remarks that expire: old addresses in the history of clinicians, reasons for absences, and replies that
belong to no question.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from alerts.models import InboundMessage
from contacts.masking import EXPIRED
from contacts.models import ADDRESS_FIELDS
from oncall.models import Cover
from retention.blanking import Done, add

AT_ONCE = 500


def waiting(before: datetime) -> list[QuerySet[Any]]:
    """The rows of each kind."""
    return [_superseded(before), *_reasons(before), _unmatched(before)]


def batches(before: datetime) -> Iterator[Done]:
    """Blank or delete them."""
    gone = {field: _unless_empty(field) for field in ADDRESS_FIELDS}
    yield from _in_batches(_superseded(before), **gone)
    for rows in _reasons(before):
        yield from _in_batches(rows, reason=Value(EXPIRED))
    yield from _in_batches(_unmatched(before))


def _superseded(before: datetime) -> QuerySet[Any]:
    """History entries with addresses that a later entry replaced long enough ago; for a deleted clinician also the last
    entry.
    """
    entries = apps.get_model("contacts", "HistoricalClinician").objects
    later = entries.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id"), history_date__lt=before)
    is_old = Q(Exists(later)) | Q(history_type="-", history_date__lt=before)
    with_addresses = Q()
    for field in ADDRESS_FIELDS:
        with_addresses |= ~Q(**{f"{field}__in": ("", EXPIRED)})
    found: QuerySet[Any] = entries.filter(with_addresses).filter(is_old)
    return found


def _reasons(before: datetime) -> list[QuerySet[Any]]:
    """Reasons for absences, in covers that are over and in their history."""
    entries = apps.get_model("oncall", "HistoricalCover").objects.filter(history_date__lt=before)
    return [
        rows.filter(period__endswith__lt=before).exclude(reason__in=("", EXPIRED))
        for rows in (Cover.objects.all(), entries)
    ]


def _unmatched(before: datetime) -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(response=None, received_at__lt=before)


def _unless_empty(field: str) -> Case:
    return Case(When(**{field: ""}, then=F(field)), default=Value(EXPIRED), output_field=CharField())


def _in_batches(rows: QuerySet[Any], **values: Any) -> Iterator[Done]:
    """Change these rows; delete them if there are no values."""
    while True:
        done: Done = Counter()
        with transaction.atomic():
            locked = rows.select_for_update(of=("self",), skip_locked=True)
            keys = list(locked.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
            chosen = rows.model._base_manager.filter(pk__in=keys)  # noqa: SLF001 - documented
            add(done, rows.model, chosen.update(**values) if values else chosen.delete()[0])
        if not keys:
            return
        yield done
