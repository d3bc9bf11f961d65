"""Erasing one patient reference, or one clinician, on request: at once, whatever the age.

The certificate has no reference and no name, but a keyed digest: with the key and the reference anybody can check that
they belong together. It is made from an `Erasure`, in which each batch counts its rows: after a kill, running the
command again completes it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import structlog
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from alerts.models import HAS_TEXT, Alert
from audit import digests
from audit.events import record
from audit.models import EventName
from contacts.models import Clinician
from retention import batches, blanking, leavers
from retention.blanking import Done, add
from retention.models import Erasure

AT_ONCE = 200
SEARCHES = "alert_searches"
"""Where a session has what its user searched for (`alerts.admin.search`)."""
OF_PATIENT, OF_CLINICIAN = "patient reference", "clinician"
log = structlog.get_logger(__name__)


class Refused(Exception):
    """Nothing, or not everything, was erased. The message says why and what to do."""


@dataclass(frozen=True)
class Certificate:
    """What was erased, for whoever asked for it."""

    row: Erasure

    def __str__(self) -> str:
        rows = [f"  {table}: {count}" for table, count in sorted(self.row.done.items())] or ["  none"]
        return "\n".join(
            [
                "Certificate of erasure",
                f"What: one {self.row.what}",
                f"Keyed digest of it: {self.row.digest}",
                f"When: {timezone.localtime(self.row.ended_at):%Y-%m-%d %H:%M:%S %Z}",
                f"By: {self.row.by}",
                "Rows that were blanked or deleted, by table:",
                *rows,
                *([self.row.remark] if self.row.remark else []),
            ]
        )


def digest(what: str, value: str) -> str:
    """The keyed digest that stands for the value in the certificate and in the trail."""
    return digests.of(f"erased {what} {value}")


def of_patient(reference: str, *, by: str) -> Certificate:
    """Blank all alerts with this reference. An erasure that was killed goes on, and its certificate counts all of it.

    Raises:
        Refused: no alert has the reference, or one of them is still under way.
    """
    # Alerts that are blank already are left out: a search for the marker `(expired)` would find them all.
    alerts = Alert.objects.filter(HAS_TEXT, patient_id=reference).order_by("pk")
    before = _last(OF_PATIENT, reference)
    if not alerts.exists() and (before is None or before.ended_at):
        if before:
            return Certificate(before)
        raise Refused(
            "No alert has this patient reference. Capital letters and spaces count. Nothing was erased."
        )
    _refuse_while_under_way(alerts.filter(blanking.under_way()).count())
    row = _begin(before, OF_PATIENT, reference, by)
    in_ids = alerts.filter(message_id__contains=reference).count()
    if in_ids:
        remark = (
            f"Message IDs that have the reference in them: {in_ids}. They stay: senders know alerts by them."
        )
        Erasure.objects.filter(pk=row.pk, remark="").update(remark=remark)
    for _ in batches.each(_alerts(alerts), partial(_note, row)):
        pass
    with transaction.atomic():
        searches: Done = Counter()
        add(searches, Session, _forget_searches(reference))
        _note(row, searches)
        certificate = _certify(row)
    if alerts.exists():
        raise Refused(
            f"Another alert with this reference came in meanwhile. Run this again when it has ended.\n\n{certificate}"
        )
    return certificate


def _alerts(alerts: QuerySet[Alert]) -> Iterator[Done]:
    while found := blanking.lock(alerts.exclude(blanking.under_way()), AT_ONCE, wait=True):
        yield blanking.blank(found)


def of_clinician(contact_id: str, *, by: str) -> Certificate:
    """Pseudonymise a clinician. An erasure that was killed goes on, and its certificate counts all of it.

    Raises:
        Refused: there is nobody with this contact ID, they are active, or something is under way for them.
    """
    clinician = Clinician.objects.filter(contact_id=contact_id).first()
    before = _last(OF_CLINICIAN, contact_id)
    if clinician is None:
        if before is None:
            raise Refused("No clinician has this contact ID. Nothing was erased.")
        return Certificate(before) if before.ended_at else _certify(before)
    if clinician.active:
        raise Refused(
            "This clinician is active, and alerts for them would reach nobody. Mark them as inactive on their page "
            "first. Nothing was erased."
        )
    if leavers.is_under_way(clinician):
        raise Refused(
            "Something is still being sent to this clinician, or they are asked to take an alert on. Wait until that "
            "has ended, or mark these alerts as dealt with. Nothing was erased."
        )
    # Somebody else may have had this contact ID before.
    is_theirs = before is not None and before.object_id == clinician.pk
    row = _begin(before if is_theirs else None, OF_CLINICIAN, contact_id, by, clinician.pk)
    for _ in batches.each(leavers.of_one(clinician), partial(_note, row)):
        pass
    return _certify(row)


def _refuse_while_under_way(alerts: int) -> None:
    if alerts:
        are, they, them = ("is", "it has", "it") if alerts == 1 else ("are", "they have", "them")
        raise Refused(
            f"{alerts} of these alerts {are} still under way: something is being sent, or somebody is asked. Wait "
            f"until {they} ended, or mark {them} as dealt with. Nothing was erased."
        )


def _last(what: str, value: str) -> Erasure | None:
    """The newest erasure of this value."""
    return Erasure.objects.filter(what=what, digest=digest(what, value)).order_by("-pk").first()


def _begin(before: Erasure | None, what: str, value: str, by: str, object_id: int | None = None) -> Erasure:
    """The row in which each batch counts: a new one, or that of an erasure that was killed."""
    if before and before.ended_at is None:
        return before
    remark = "If they have a login to Bleep, delete it under Users." if what == OF_CLINICIAN else ""
    return Erasure.objects.create(
        what=what, digest=digest(what, value), by=by[:200], object_id=object_id, remark=remark
    )


def _note(row: Erasure, done: Done) -> None:
    row.done = dict(Counter[str](row.done) + done)
    Erasure.objects.filter(pk=row.pk).update(done=row.done)


@transaction.atomic
def _certify(row: Erasure) -> Certificate:
    Erasure.objects.filter(pk=row.pk).update(ended_at=Now())
    row.refresh_from_db()
    rows = sum(row.done.values())
    record(
        EventName.ERASED,
        kind="contacts.clinician" if row.what == OF_CLINICIAN else "alerts.alert",
        object_id=row.object_id or "",
        detail=f"{row.what} {row.digest}, {rows} rows, by {row.by}",
    )
    transaction.on_commit(lambda: log.info("retention.erased", what=row.what, digest=row.digest, rows=rows))
    return Certificate(row)


def _forget_searches(reference: str) -> int:
    """Remove the reference from sessions, which keep search terms for the browser's back button."""
    changed = 0
    for session in Session.objects.all():
        kept = session.get_decoded()
        searches = kept.get(SEARCHES, {})
        left = {
            token: term for token, term in searches.items() if reference.casefold() not in term.casefold()
        }
        if left != searches:
            encoded = SessionStore().encode({**kept, SEARCHES: left})
            changed += Session.objects.filter(pk=session.pk).update(session_data=encoded)
    return changed
