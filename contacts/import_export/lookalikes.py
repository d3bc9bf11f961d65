"""Doubts about rows without a fault: people and departments that look like others."""

from collections.abc import Sequence

from contacts.import_export.row import Row
from contacts.lookalikes import contact_ids, departments
from contacts.models import Clinician
from spelling.likeness import likeness


def find(rows: Sequence[Row]) -> None:
    """Set `twin` and add warnings to the rows. Two queries at most."""
    _find_twins({row.clinician.contact_id: row for row in rows if row.is_new and row.changes})
    _find_spellings([row for row in rows if any(each.column == "department" for each in row.changes)])


def _find_twins(new: dict[str, Row]) -> None:
    """Compares new people with stored ones, and with each other."""
    stored = contact_ids.of(new) if new else {}
    first: dict[str, Clinician] = {}
    for contact_id, row in new.items():
        other = stored.get(contact_id) or first.setdefault(likeness(contact_id), row.clinician)
        if other is not row.clinician:
            row.twin = contact_ids.sentence(contact_id, other)


def _find_spellings(moved: Sequence[Row]) -> None:
    doubts = (
        departments.doubts(list(dict.fromkeys(row.clinician.department for row in moved))) if moved else {}
    )
    for row in moved:
        row.warnings += filter(None, [doubts.get(row.clinician.department)])
