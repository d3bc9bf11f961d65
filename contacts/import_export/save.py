"""Adding and changing many clinicians at once: fields, preferences, and one entry in the history of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import ADDRESS_FIELDS, Clinician

FIELDS = ("name", "role", "department", *ADDRESS_FIELDS.values(), "active")


@dataclass(frozen=True)
class Edit:
    """A clinician with the values that they are to have, not yet saved; new if without an id."""

    clinician: Clinician
    channels: Mapping[Priority, Sequence[Channel]]
    """For each priority that changes."""


def save_many(edits: Sequence[Edit], *, reason: str) -> None:
    """Save all of them, or none. Those who are there already were read with a lock in the same transaction.

    Raises:
        ValueError: as `preferences.replace_many` does.
        IntegrityError: somebody else has just added one of those who are new.
    """
    with transaction.atomic():
        new = [each.clinician for each in edits if _is_new(each.clinician)]
        known = [each.clinician for each in edits if not _is_new(each.clinician)]
        Clinician.objects.bulk_create(new, batch_size=preferences.BATCH)
        # One INSERT … ON CONFLICT: bulk_update has a CASE for each row and field, and takes many times as long.
        Clinician.objects.bulk_create(
            known,
            batch_size=preferences.BATCH,
            update_conflicts=True,
            unique_fields=["id"],
            update_fields=FIELDS,
        )
        preferences.replace_many({each.clinician.pk: each.channels for each in edits}, reason=reason)


def _is_new(clinician: Any) -> bool:
    return clinician.pk is None
