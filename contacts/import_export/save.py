"""Saves the changes of a file, in one transaction: fields, preferences, and one history entry for each clinician."""

from collections.abc import Sequence

from django.db import IntegrityError

from contacts import locks, preferences
from contacts.import_export.columns import FIELDS
from contacts.import_export.comparison import Comparison, compare, is_still_so
from contacts.import_export.reading.table import FileRow
from contacts.import_export.row import Row
from contacts.models import DERIVED, Clinician, PreferenceTemplate

REASON = "Imported from a file"
"""What the history gives as the reason."""

TRIES = 3
"""How often the rows are compared again if somebody changes these clinicians before they are locked."""

CHANGED = (
    "Somebody has changed these clinicians since you looked: nothing is saved. "
    "Import the file again, and look at what it changes now."
)
TWINS = (
    "Some contact IDs look like others, and you did not say that they are other people: nothing is saved. "
    "Import the file again, and look at them first."
)


class ImportRefusedError(Exception):
    """Nothing is saved. The message is a sentence for staff."""


class AlreadyImportedError(ImportRefusedError):
    """Nothing is left to change: the file was sent twice."""


def save(
    rows: Sequence[FileRow],
    *,
    shown: str,
    template: PreferenceTemplate | None = None,
    twins_are_others: bool = False,
) -> Comparison:
    """Save the changes of the rows, if they are those that were shown: `shown` is the digest of that comparison.

    New people get the channels of the `template`. `twins_are_others`: the user has confirmed that look-alike contact
    IDs belong to other people.

    Raises:
        AlreadyImportedError: nothing is left to change.
        ImportRefusedError: it would change something else, or somebody else is changing clinicians.
    """
    try:
        for _ in range(TRIES):
            # Outside the transaction: it takes seconds for 20,000 rows.
            comparison = compare(rows, template=template.wanted() if template else None)
            _check(comparison, shown)
            if comparison.twins and not twins_are_others:
                raise ImportRefusedError(TWINS)
            if _write(comparison, template):
                return comparison
    except locks.LockedError as error:
        raise ImportRefusedError(
            "Clinicians are being imported or changed at this moment, perhaps by this very file if you pressed Import "
            "twice. Import it again in a minute, and see what is left to change."
        ) from error
    except IntegrityError as error:
        raise ImportRefusedError(
            "Somebody has just added one of these clinicians: nothing is saved. Import the file again."
        ) from error
    raise ImportRefusedError(CHANGED)


def _check(comparison: Comparison, shown: str) -> None:
    if comparison.faults:
        raise ImportRefusedError("Something has changed since you looked: nothing is saved.")
    if not comparison.changed:
        raise AlreadyImportedError("This file has been imported already: there is nothing left to change.")
    if comparison.digest() != shown:
        raise ImportRefusedError(CHANGED)


def _write(comparison: Comparison, template: PreferenceTemplate | None) -> bool:
    """Write everything or nothing. False if somebody has changed one of these clinicians since they were compared."""
    with locks.transaction_with_locks():
        locks.one_import_at_a_time()
        if not is_still_so(comparison.rows):
            return False
        _write_rows(comparison.changed, template)
        return True


def _write_rows(rows: Sequence[Row], template: PreferenceTemplate | None) -> None:
    Clinician.objects.bulk_create([row.clinician for row in rows if row.is_new], batch_size=preferences.BATCH)
    # One INSERT … ON CONFLICT: bulk_update has a CASE for each row and field, and takes many times as long.
    Clinician.objects.bulk_create(
        [row.clinician for row in rows if not row.is_new],
        batch_size=preferences.BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=(*FIELDS, *DERIVED),
    )
    from_template = {row.clinician.pk: row.channels for row in rows if row.from_template}
    others = {row.clinician.pk: row.channels for row in rows if not row.from_template}
    if template:
        preferences.replace_many(from_template, reason=f"{REASON}, template: {template.name}")
    preferences.replace_many(others, reason=REASON)
