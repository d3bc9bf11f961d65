"""Importing and exporting clinicians: what a file would change, row by row, and the one transaction that changes it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource

from contacts import locks, preferences
from contacts.choices import Channel, Priority
from contacts.import_export import columns, save
from contacts.import_export.columns import COLUMNS, KEY, PRIORITIES
from contacts.import_export.compare import Changed, Look, Row
from contacts.import_export.formats import comparable
from contacts.models import ADDRESS_FIELDS, Clinician

REASON = "Imported from a file"
NEEDED = ("name",)
"""Columns without which nobody can be added."""


class ImportRefusedError(Exception):
    """A sentence about the import as a whole."""


class AlreadyImportedError(ImportRefusedError):
    """Nothing is left to do: the file was sent twice."""


class ClinicianResource(ModelResource):
    """The clinicians of a file. A cell that says what is there already changes nothing, whatever it says."""

    high = Field(column_name="high")
    medium = Field(column_name="medium")
    low = Field(column_name="low")

    class Meta:
        model = Clinician
        fields = COLUMNS
        export_order = COLUMNS
        import_order = COLUMNS
        import_id_fields = (KEY,)
        name = "Clinicians"
        skip_diff = True  # ours is in words, and without the inline styles that the library's has
        use_bulk = True  # no savepoint for each row: `after_import` saves
        use_transactions = True
        chunk_size = preferences.BATCH

    def __init__(self, form: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.form = form
        self.known: dict[str, Clinician] = {}
        self.seen: dict[str, int] = {}
        self.edits: list[save.Edit] = []
        self.changes: list[Changed] = []
        self.warnings: list[str] = []
        self.before: dict[str, str] = {}
        self.wanted: dict[Priority, list[Channel]] = {}

    @classmethod
    def get_row_result_class(cls) -> type[Row]:
        return Row

    @classmethod
    def get_result_class(cls) -> type[Look]:
        return Look

    # Export

    def export_resource(self, instance: Clinician, selected_fields: Any = None, **kwargs: Any) -> list[str]:
        return list(columns.written(instance).values())

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return list(COLUMNS)

    # Import

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        """Read everybody whom the file names; where they will be saved, nobody else changes them meanwhile."""
        if self._is_confirmed():
            locks.one_import_at_a_time()
        sought = {spelling for text in dataset[KEY] for spelling in (text, text.strip())}
        found: QuerySet[Clinician] = Clinician.objects.filter(contact_id__in=sought).order_by("pk")
        if self._is_confirmed():
            found = found.select_for_update(no_key=True)
        self.known = {each.contact_id: each for each in found.prefetch_related("preferences")}

    def get_or_init_instance(self, instance_loader: Any, row: Mapping[str, str]) -> tuple[Clinician, bool]:
        found = self.known.get(row[KEY]) or self.known.get(row[KEY].strip())
        return (found, False) if found else (Clinician(), True)

    def import_instance(self, instance: Clinician, row: Mapping[str, str], **kwargs: Any) -> None:
        """Put the row's values on the clinician; say at once all that is wrong with it."""
        self.changes, self.warnings, self.before, self.wanted = [], [], {}, {}
        if _is_blank(row):
            return
        errors: dict[str, list[str]] = {}
        self.before = columns.written(instance) if instance.pk else dict.fromkeys(COLUMNS, "")
        for column, text in row.items():
            if instance.pk and comparable(text) == comparable(self.before[column]):
                continue
            try:
                self._set(instance, column, columns.meant(column, text))
            except ValueError as error:
                errors[column] = [str(error)]
        errors |= self._errors_of_the_whole(instance, row, errors, number=kwargs["row_number"] + 1)
        if errors:
            raise ValidationError(errors)
        self.changes = self._told(instance)
        self.warnings = self._warnings(instance)

    def skip_row(
        self, instance: Clinician, original: Any, row: Any, import_validation_errors: Any = None
    ) -> bool:
        return not self.changes and not import_validation_errors

    def validate_instance(
        self,
        instance: Clinician,
        import_validation_errors: Any = None,
        validate_unique: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        # All of it has been looked at above; the library would ask the database about each row.
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def save_instance(self, instance: Clinician, is_create: bool, row: Any, **kwargs: Any) -> None:  # noqa: FBT001
        self.edits.append(save.Edit(instance, self.wanted))

    def after_import_row(self, row: Any, row_result: Row, **kwargs: Any) -> None:
        row_result.number = kwargs["row_number"] + 1  # the heading is row 1
        row_result.changes, row_result.warnings = self.changes, self.warnings

    def after_import(self, dataset: tablib.Dataset, result: Any, **kwargs: Any) -> None:
        """Save everything, if nothing is wrong and this is what was shown."""
        if result.has_errors() or result.has_validation_errors():
            return
        digest = _digest(result.rows)
        if kwargs.get("dry_run", True):
            self.form.digest = digest
            return
        if not result.changed:
            raise AlreadyImportedError(
                "This file has been imported already: there is nothing left to change."
            )
        if self.form.cleaned_data["digest"] != digest:
            raise ImportRefusedError(
                "Somebody has changed these clinicians since you looked: nothing is saved. "
                "Import the file again, and look at what it changes now."
            )
        try:
            save.save_many(self.edits, reason=REASON)
        except IntegrityError as error:
            raise ImportRefusedError(
                "Somebody has just added one of these clinicians: nothing is saved. Import the file again."
            ) from error

    def handle_import_error(self, result: Any, error: Exception, raise_errors: bool = False) -> None:  # noqa: FBT001, FBT002
        if not isinstance(error, ImportRefusedError):
            raise error  # a fault of ours, which is not to look like one of the file's
        super().handle_import_error(result, error, raise_errors)

    def _is_confirmed(self) -> bool:
        return "digest" in getattr(self.form, "cleaned_data", {})

    def _set(self, instance: Clinician, column: str, value: Any) -> None:
        if column in PRIORITIES:
            self.wanted[PRIORITIES[column]] = value
        else:
            setattr(instance, column, value)

    def _errors_of_the_whole(
        self, instance: Clinician, row: Mapping[str, str], errors: Mapping[str, Any], *, number: int
    ) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        key = row[KEY].strip()
        if key in self.seen:
            found[KEY] = [f"{key} is in row {self.seen[key]} already: keep one of the two."]
        elif key:
            self.seen[key] = number
        for column in NEEDED:
            if instance.pk is None and column not in row:
                found[column] = [f"{key} is new, and needs the column {column}."]
        return found | self._missing_addresses(instance, errors)

    def _missing_addresses(self, instance: Clinician, errors: Mapping[str, Any]) -> dict[str, list[str]]:
        """Channels that have no address, where the row brings either about."""
        found: dict[str, list[str]] = {}
        chosen = self._now(instance) | self.wanted
        for column, priority in PRIORITIES.items():
            for channel in chosen[priority]:
                address = ADDRESS_FIELDS[channel]
                touched = priority in self.wanted or instance.address(channel) != self.before[address]
                if touched and address not in errors and not instance.address(channel):
                    found[column] = [
                        f"{channel.value} needs {address}: fill it in, or take {channel.value} out."
                    ]
        return found

    def _now(self, instance: Clinician) -> dict[Priority, list[Channel]]:
        if instance.pk is None:
            return {priority: [] for priority in Priority}
        return preferences.channels_by_priority(instance)

    def _warnings(self, instance: Clinician) -> list[str]:
        """Of the priorities that the row changes; of all, where it makes somebody new or active."""
        if not instance.active or not self.changes:
            return []
        everything = not instance.pk or self.before["active"] == "no"
        chosen = self._now(instance) | self.wanted
        touched = {PRIORITIES[each.column] for each in self.changes if each.column in PRIORITIES}
        return [
            sentence
            for priority in Priority
            if everything or priority in touched
            for sentence in preferences.warnings(priority, chosen[priority])
        ]

    def _told(self, instance: Clinician) -> list[Changed]:
        before = self.before
        wanted = {priority.name.lower(): columns.in_order(each) for priority, each in self.wanted.items()}
        after = before | columns.fields(instance) | wanted
        return [
            Changed(column, before[column], after[column])
            for column in COLUMNS
            if before[column] != after[column]
        ]


def _is_blank(row: Mapping[str, str]) -> bool:
    return not any(text.strip() for text in row.values())


def _digest(rows: list[Row]) -> str:
    """Says whether two looks at a file come to the same changes."""
    told = [
        [row.number, [[each.column, each.old, each.new] for each in row.changes]]
        for row in rows
        if row.changes
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
