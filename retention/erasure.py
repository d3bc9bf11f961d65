"""Erasing one patient reference, or one clinician, on request: at once, whatever the age.

The certificate has no reference and no name: a keyed digest, by which whoever has both can tell that it is the one.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from alerts.models import Alert
from audit import digests
from audit.events import record
from audit.models import EventName
from contacts.models import Clinician
from retention import blanking, leavers
from retention.blanking import Done, add

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

    what: str
    digest: str
    """The keyed digest of the reference or contact ID."""
    by: str
    at: datetime
    done: Done
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        rows = [f"  {table}: {count}" for table, count in sorted(self.done.items())] or ["  none"]
        return "\n".join(
            [
                "Certificate of erasure",
                f"What: one {self.what}",
                f"Keyed digest of it: {self.digest}",
                f"When: {self.at:%Y-%m-%d %H:%M:%S %Z}",
                f"By: {self.by}",
                "Rows that were blanked or deleted, by table:",
                *rows,
                *self.notes,
            ]
        )


def digest(what: str, value: str) -> str:
    """By which the certificate and the trail name it."""
    return digests.of(f"erased {what} {value}")


def of_patient(reference: str, *, by: str) -> Certificate:
    """Blank all alerts with this reference.

    Raises:
        Refused: there is none, or something of one is still under way.
    """
    # Without those that say nothing any more: each would be found again and again by the marker that it has.
    alerts = Alert.objects.filter(patient_id=reference).exclude(blanking.IS_BLANK).order_by("pk")
    if not alerts.exists():
        raise Refused(
            "No alert has this patient reference. Capital letters and spaces count. Nothing was erased."
        )
    _refuse_while_under_way(alerts.filter(blanking.under_way()).count())
    done: Done = Counter()
    in_ids = alerts.filter(message_id__contains=reference).count()
    while True:
        with transaction.atomic():
            found = blanking.lock(alerts.exclude(blanking.under_way()), AT_ONCE, wait=True)
            done += blanking.blank(found)
        if not found:
            break
    add(done, Session, _forget_searches(reference))
    notes = (
        [f"Message IDs that have the reference in them: {in_ids}. They stay: senders know alerts by them."]
        if in_ids
        else []
    )
    certificate = _certify(OF_PATIENT, reference, by, done, notes)
    if alerts.exists():
        raise Refused(
            f"Another alert with this reference came in meanwhile. Run this again when it has ended.\n\n{certificate}"
        )
    return certificate


def of_clinician(contact_id: str, *, by: str) -> Certificate:
    """Make a clinician a pseudonym.

    Raises:
        Refused: there is nobody with this contact ID, they are active, or something is under way for them.
    """
    clinician = Clinician.objects.filter(contact_id=contact_id).first()
    if clinician is None:
        raise Refused("No clinician has this contact ID. Nothing was erased.")
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
    done = sum(leavers.of_one(clinician), Counter[str]())
    notes = ["If they have a login to Bleep, delete it under Users."]
    return _certify(OF_CLINICIAN, contact_id, by, done, notes, object_id=clinician.pk)


def _refuse_while_under_way(alerts: int) -> None:
    if alerts:
        are, they, them = ("is", "it has", "it") if alerts == 1 else ("are", "they have", "them")
        raise Refused(
            f"{alerts} of these alerts {are} still under way: something is being sent, or somebody is asked. Wait "
            f"until {they} ended, or mark {them} as dealt with. Nothing was erased."
        )


def _certify(
    what: str, value: str, by: str, done: Done, notes: list[str], object_id: object = ""
) -> Certificate:
    made = Certificate(what, digest(what, value), by, timezone.localtime(), done, notes)
    kind = "contacts.clinician" if what == OF_CLINICIAN else "alerts.alert"
    with transaction.atomic():
        record(
            EventName.ERASED,
            kind=kind,
            object_id=object_id,
            detail=f"{what} {made.digest}, {done.total()} rows, by {by}",
        )
    log.info("retention.erased", what=what, digest=made.digest, rows=done.total())
    return made


def _forget_searches(reference: str) -> int:
    """Sessions keep what was searched for, for the browser's back button."""
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
