"""`manage.py import_sample_preferences` imports the clinicians of the published AWS sample."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from contacts.import_export.columns import KEY
from contacts.import_export.comparison import Comparison, compare
from contacts.import_export.reading import sample_table
from contacts.import_export.reading.headings import label
from contacts.import_export.reading.sheet import UnreadableFileError
from contacts.import_export.reading.table import FileRow
from contacts.import_export.row import CellChange
from contacts.import_export.save import ImportRefusedError, save
from contacts.masking import mask
from contacts.models import ADDRESS_FIELDS, Clinician
from spelling.normal import normal, unwanted


class Command(BaseCommand):
    """Shows what it would change, and asks before it saves. Addresses are shown masked."""

    help = "Make clinicians and preferences out of the published AWS sample's DynamoDB table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "table",
            type=Path,
            metavar="TABLE",
            help="the exported table: DynamoDB's export to S3, the output of `aws dynamodb scan`, or CSV",
        )
        parser.add_argument(
            "--subscriptions",
            type=Path,
            metavar="FILE",
            help="the output of `aws sns list-subscriptions`: who stands behind the table's topics",
        )
        parser.add_argument(
            "--without-faulty", action="store_true", help="leave out people whose entries have a fault"
        )
        parser.add_argument(
            "--lookalikes-are-others",
            action="store_true",
            help="contact IDs that look like others are other people's",
        )
        answer = parser.add_mutually_exclusive_group()
        answer.add_argument("--preview", action="store_true", help="save nothing")
        answer.add_argument("--yes", action="store_true", help="save without asking")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = _with_names(self._read(options))
        comparison = compare(rows)
        if comparison.faults:
            self._show_faults(comparison)
            if not options["without_faulty"]:
                raise CommandError(
                    "Nothing is saved. Correct the entries, or add --without-faulty to leave these people out."
                )
            faulty = {number for number, *_ in comparison.faults}
            rows = [row for row in rows if row.number not in faulty]
            comparison = compare(rows)
        self._show(comparison)
        if not comparison.changed:
            return
        if comparison.twins and not options["lookalikes_are_others"]:
            raise CommandError(
                "Nothing is saved. If these are other people, add --lookalikes-are-others; if not, correct the IDs."
            )
        if not self._may_save(options):
            self.stdout.write("Nothing is saved.")
            return
        try:
            saved = save(rows, shown=comparison.digest(), twins_are_others=True)
        except ImportRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"Saved: {saved.summary}. Next: give the new people their names in the admin, and see under Clinicians who "
            "cannot be reached."
        )

    def _read(self, options: dict[str, Any]) -> list[FileRow]:
        try:
            listed = options["subscriptions"]
            subscribers = sample_table.read_subscribers(listed.read_bytes()) if listed else {}
            return sample_table.read(options["table"].read_bytes(), subscribers)
        except UnreadableFileError as error:
            raise CommandError(" ".join(error.sentences)) from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be read: {error.strerror}.") from error

    def _show_faults(self, comparison: Comparison) -> None:
        for row in comparison.rows:
            for column, sentence in row.faults.items():
                who = row.seen.get(KEY) or f"Item {row.number}"
                self.stderr.write(f"{who}, {label(column)}: {sentence}")

    def _show(self, comparison: Comparison) -> None:
        for row in comparison.changed:
            changes = ", ".join(_in_words(each) for each in row.changes if each.column != KEY)
            self.stdout.write(f"{'New' if row.is_new else 'Changed'}  {row.clinician.contact_id}: {changes}")
        for sentence, count in comparison.warnings:
            self.stdout.write(f"Note, for {count:,}: {sentence}")
        for row in comparison.twins:
            self.stdout.write(row.twin)
        self.stdout.write(f"{comparison.summary}." if comparison.rows else "There is nobody left to import.")

    def _may_save(self, options: dict[str, Any]) -> bool:
        if options["preview"]:
            return False
        if options["yes"]:
            return True
        if not sys.stdin.isatty():
            raise CommandError("Nothing is saved, since there is nobody to ask: add --yes to save this.")
        return input("Save this? [y/N] ").strip().casefold() in {"y", "yes"}


def _with_names(rows: Sequence[FileRow]) -> list[FileRow]:
    """The same rows, with names for new people: their contact IDs, because the sample has no names."""
    keys = {key for row in rows if not unwanted(key := normal(row.cells[KEY]))}
    known = set(Clinician.objects.filter(contact_id__in=keys).values_list("contact_id", flat=True))
    return [
        row if normal(row.cells[KEY]) in known else replace(row, cells={**row.cells, "name": row.cells[KEY]})
        for row in rows
    ]


def _in_words(change: CellChange) -> str:
    old, new = change.old, change.new
    if change.column in ADDRESS_FIELDS:
        old, new = mask(old), mask(new)
    if not new:
        return f"{label(change.column)} {old} is removed"
    return f"{label(change.column)} {f'{old} → ' if old else ''}{new}"
