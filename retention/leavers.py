"""Pseudonymises clinicians who left: name, role, contact ID and addresses go, also in the history. The department
stays, and so do the alerts, with figures and times.

The new contact ID is a keyed digest of the old one, so that with AUDIT_KEY one can tell whose it was.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Exists, F, Func, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now

from alerts.models import (
    IS_UNFINISHED,
    Alert,
    AlertAction,
    Delivery,
    Engagement,
    InboundMessage,
    Loop,
    Refusal,
    Response,
)
from alerts.states import EngagementState
from audit import digests
from contacts.masking import EXPIRED
from contacts.models import ADDRESS_FIELDS, DERIVED, Clinician, FormerAddress, Obstacle
from oncall.models import Cover
from retention import blanking
from retention.blanking import Done, add
from retention.models import Leaver

NAME = "Former clinician"
AT_ONCE = 500
IN_PLANS = """
UPDATE oncall_historicalplan
SET steps = replace(steps::text, %(old)s, %(new)s)::jsonb, uses = replace(uses::text, %(old)s, %(new)s)::jsonb
WHERE position(%(old)s IN steps::text) > 0 OR position(%(old)s IN uses::text) > 0
"""
"""The history of plans has steps in words, with the names of that time."""


def pseudonym(pk: int, contact_id: str) -> str:
    """The contact ID that replaces the person's: unique, because somebody else may get the old one."""
    return f"former-{digests.of(f'clinician {pk} {contact_id}')[:16]}"


def waiting(before: datetime) -> QuerySet[Clinician]:
    """Clinicians who became inactive before this time, and for whom nothing is under way."""
    entries = apps.get_model("contacts", "HistoricalClinician").objects.filter(id=OuterRef("pk")).order_by()
    last_active = entries.filter(active=True).values("id").annotate(at=Max("history_id")).values("at")
    ended = entries.filter(history_id__gt=Coalesce(OuterRef("last_active"), Value(0)))
    since = ended.values("id").annotate(at=Min("history_date")).values("at")
    found = Clinician.objects.filter(active=False).alias(last_active=Subquery(last_active))
    found = found.alias(since=Coalesce(Subquery(since), F("created_at")), made=F("leaver__at"))
    again = Q(made=None) | Q(made__lt=F("since"))
    return found.filter(~_under_way(), again, since__lt=before).order_by("pk")


def _under_way() -> Q:
    waits = Delivery.objects.filter(IS_UNFINISHED | Q(outcome_due_at__isnull=False), clinician=OuterRef("pk"))
    asked = Engagement.objects.filter(clinician=OuterRef("pk"), state=EngagementState.ASKED)
    loops = Loop.objects.filter(alert__clinician=OuterRef("pk"), ended_at=None)
    return Q(Exists(waits)) | Q(Exists(asked)) | Q(Exists(loops))


def is_under_way(clinician: Clinician) -> bool:
    """Whether something is being sent to them, or they are asked to take an alert on."""
    return Clinician.objects.filter(_under_way(), pk=clinician.pk).exists()


def batches(before: datetime) -> Iterator[Done]:
    """Pseudonymise them, one after the other."""
    while (leaver := waiting(before).first()) is not None:
        yield from of_one(leaver)
    while (last := deleted(before).first()) is not None:
        yield _of_deleted(last)


def deleted(before: datetime) -> QuerySet[Any]:
    """The last history entries of clinicians who were deleted before this time."""
    entries = apps.get_model("contacts", "HistoricalClinician").objects
    found: QuerySet[Any] = entries.filter(history_type="-", history_date__lt=before).exclude(name=NAME)
    return found.order_by("history_id")


@transaction.atomic
def _of_deleted(last: Any) -> Done:
    done: Done = Counter()
    entries = type(last).objects.filter(id=last.id)
    called = set(entries.values_list("name", "contact_id"))
    fields = _fields(pseudonym(last.id, last.contact_id))
    add(done, type(last), entries.update(**fields))
    _names(done, last.id, called, f"{NAME} ({fields['contact_id']})")
    return done


def _fields(contact_id: str) -> dict[str, str]:
    return {"name": NAME, "contact_id": contact_id, "role": "", **dict.fromkeys(ADDRESS_FIELDS, "")}


def of_one(clinician: Clinician) -> Iterator[Done]:
    """Blank first their alerts and messages, in batches, and then the person, in one transaction."""
    new = pseudonym(clinician.pk, clinician.contact_id)
    yield from _alerts(clinician, new)
    yield from _messages(clinician)
    done: Done = Counter()
    with transaction.atomic():
        locked = (
            Clinician.objects.select_for_update(no_key=True).filter(pk=clinician.pk, active=False).first()
        )
        if locked is not None:
            done = _person(locked, new)
    yield done


def _alerts(clinician: Clinician, new: str) -> Iterator[Done]:
    """Replace the contact ID that senders gave, and blank the notes of staff about these alerts."""
    alerts = Alert.objects.filter(clinician=clinician).exclude(contact_id=new).order_by("pk")
    while True:
        done: Done = Counter()
        with transaction.atomic():
            found = blanking.lock(alerts, AT_ONCE, wait=True)
            blanking.keep_digests(found)
            ids = [each.pk for each in found]
            add(done, Alert, Alert.objects.filter(pk__in=ids).update(contact_id=new))
            done += blanking.notes(
                AlertAction.objects.filter(alert__in=ids), Response.objects.filter(alert__in=ids)
            )
        if not found:
            return
        yield done


def _messages(clinician: Clinician) -> Iterator[Done]:
    """Blank the addresses to which something was sent."""
    rows = Delivery.objects.filter(clinician=clinician).exclude(IS_UNFINISHED).exclude(address=EXPIRED)
    while True:
        done: Done = Counter()
        with transaction.atomic():
            keys = list(
                rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
            )
            add(done, Delivery, Delivery.objects.filter(pk__in=keys).update(address=EXPIRED))
        if not keys:
            return
        yield done


def _person(clinician: Clinician, new: str) -> Done:
    entries = apps.get_model("contacts", "HistoricalClinician").objects.filter(id=clinician.pk)
    called = {(clinician.name, clinician.contact_id), *entries.values_list("name", "contact_id")}
    numbers = {clinician.sms_number, *entries.values_list("sms_number", flat=True)} - {""}
    done = _answers(clinician, numbers)
    fields = _fields(new)
    after = Clinician(pk=clinician.pk, department=clinician.department, active=False, **fields)
    derived = {name: getattr(after, f"derive_{name}")() for name in DERIVED}
    # Not by `save`, which would put the change, with the old values, into the history.
    add(done, Clinician, Clinician.objects.filter(pk=clinician.pk).update(**fields, **derived))
    add(done, entries.model, entries.update(**fields))
    add(done, Obstacle, Obstacle.objects.filter(clinician=clinician).delete()[0])
    add(done, FormerAddress, FormerAddress.objects.filter(clinician=clinician).delete()[0])
    # A row that nobody has seen may be about a patient. It is deleted 90 days after its last request.
    seen = Refusal.objects.filter(contact_id__in={each for _name, each in called}, seen_at__isnull=False)
    add(done, Refusal, seen.delete()[0])
    absences: tuple[Any, ...] = (Cover.objects, apps.get_model("oncall", "HistoricalCover").objects)
    for rows in absences:
        reasons = rows.filter(clinician=clinician.pk).exclude(reason__in=("", EXPIRED))
        add(done, rows.model, reasons.update(reason=EXPIRED))
    _names(done, clinician.pk, called, str(after))
    Leaver.objects.update_or_create(clinician_id=clinician.pk, defaults={"at": Now()})
    return done


def _answers(clinician: Clinician, numbers: set[str]) -> Done:
    """Blank the notes on their answers and their replies, and delete codes, links and unmatched replies."""
    asked = Engagement.objects.filter(clinician=clinician)
    done = blanking.notes(
        AlertAction.objects.filter(asked__in=asked), Response.objects.filter(engagement__in=asked)
    )
    done += blanking.ways_to_answer(Q(delivery__clinician=clinician), Q(engagement__clinician=clinician))
    unmatched = InboundMessage.objects.filter(response=None, sender__in=numbers)
    add(done, InboundMessage, unmatched.delete()[0])
    return done


def _names(done: Done, pk: int, called: set[tuple[str, str]], after: str) -> None:
    """Blank their name in the history of plans and in the admin's log."""
    plans = apps.get_model("oncall", "HistoricalPlan")
    own = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Clinician), object_id=str(pk)
    )
    add(done, LogEntry, own.exclude(object_repr=after).update(object_repr=after))
    for name, contact_id in called:
        before = f"{name} ({contact_id})"
        if before == after:
            continue
        with connection.cursor() as cursor:
            cursor.execute(IN_PLANS, {"old": _in_json(before), "new": _in_json(after)})
            add(done, plans, cursor.rowcount)
        named = LogEntry.objects.filter(object_repr__contains=before)
        said = Func(F("object_repr"), Value(before), Value(after), function="replace")
        add(done, LogEntry, named.update(object_repr=Func(said, Value(200), function="left")))


def _in_json(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)[1:-1]
