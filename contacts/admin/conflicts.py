"""Edit conflicts: changes that colleagues saved while a user had a clinician's page open."""

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
class LaterChange:
    """A clinician was changed after the page was opened."""

    who: str
    """One or more names, in the order of their changes."""
    when: str
    """The time of the latest change: "at 12:03", with its day if that is not today."""
    before: Mapping[str, Any]
    """The values when the page was opened, by field. Empty if they are no longer known."""


def version(clinician_id: int) -> int:
    """A number that every change raises. If it is read before the clinician, it is never too new."""
    newest: int | None = ENTRIES.objects.filter(id=clinician_id).aggregate(newest=Max("history_id"))["newest"]
    return newest or 0


def later_change(clinician_id: int, seen: int) -> LaterChange | None:
    """The change after version `seen`, if there is one. At most three queries."""
    entries = ENTRIES.objects.filter(id=clinician_id)
    later = list(entries.filter(history_id__gt=seen).order_by("history_id").select_related("history_user"))
    if not later:
        return None
    entry = entries.filter(history_id=seen).first()
    return LaterChange(_names(later), _at(later[-1].history_date), _values(entry) if entry else {})


def deletion(clinician_id: int) -> str:
    """A sentence that says who deleted the clinician and when; empty if nobody did."""
    entry = ENTRIES.objects.filter(id=clinician_id, history_type="-").select_related("history_user").first()
    if entry is None:
        return ""
    return (
        f"{_names([entry])} deleted {entry.name} ({entry.contact_id}) {_at(entry.history_date)}: nothing is saved. "
        "If this person should be alerted, add them again."
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
