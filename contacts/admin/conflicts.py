"""What colleagues changed while somebody had a clinician's page open: a later save must not undo it unseen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import get_text_list

from contacts.choices import Priority
from contacts.models import Clinician

ENTRIES = Clinician.history.model
SOMEBODY = "Somebody"


@dataclass(frozen=True)
class Meanwhile:
    """That a clinician was changed, and how they were before."""

    who: str
    """One or more names, the first one's first."""
    when: str
    """Of the latest change: "at 12:03", with its day where that is not today."""
    before: Mapping[str, Any]
    """By field; the channels by priority. Empty where it is not known any more."""


def version(clinician_id: int) -> int:
    """Of how a clinician is now: every change raises it. Asked for before they are read, it is never too new."""
    newest: int | None = ENTRIES.objects.filter(id=clinician_id).aggregate(newest=Max("history_id"))["newest"]
    return newest or 0


def since(clinician_id: int, seen: int) -> Meanwhile | None:
    """Who changed a clinician after the version `seen`; nothing where nobody did. Three queries at most."""
    of_this = ENTRIES.objects.filter(id=clinician_id)
    later = list(of_this.filter(history_id__gt=seen).order_by("history_id").select_related("history_user"))
    if not later:
        return None
    entry = of_this.filter(history_id=seen).first()
    return Meanwhile(_names(later), _at(later[-1].history_date), _values(entry) if entry else {})


def deletion(clinician_id: int) -> str:
    """Of somebody who is not there any more: a sentence that says who deleted them and when, or nothing."""
    entry = ENTRIES.objects.filter(id=clinician_id, history_type="-").select_related("history_user").first()
    if entry is None:
        return ""
    return (
        f"{_names([entry])} deleted {entry.name} ({entry.contact_id}) {_at(entry.history_date)}: nothing is saved. "
        "If this person is to be alerted, add them anew."
    )


def _values(entry: Any) -> dict[str, Any]:
    fields = {field.attname: getattr(entry, field.attname) for field in entry.tracked_fields}
    return fields | {priority.name.lower(): entry.channels.get(priority.value, []) for priority in Priority}


def _names(entries: Sequence[Any]) -> str:
    users = [entry.history_user for entry in entries]
    names = [(user.get_full_name() or user.get_username()) if user else SOMEBODY for user in users]
    return str(get_text_list(list(dict.fromkeys(names)), "and"))


def _at(moment: datetime) -> str:
    local, today = timezone.localtime(moment), timezone.localdate()
    clock = date_format(local, "H:i")
    return f"at {clock}" if local.date() == today else f"on {date_format(local, 'j F')} at {clock}"
