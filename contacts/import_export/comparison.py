"""Compares a file with the stored clinicians: the changes that it would make, its faults, and warnings."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import F, Func, QuerySet, Value

from contacts import preferences, problems
from contacts.choices import Channel, Priority
from contacts.import_export import columns, lookalikes
from contacts.import_export.columns import COLUMNS, KEY, PRIORITIES, comparable
from contacts.import_export.reading import sheet
from contacts.import_export.reading.headings import label
from contacts.import_export.reading.table import FileRow
from contacts.import_export.row import CellChange, Row
from contacts.models import Clinician
from contacts.preferences import Wanted
from spelling.normal import normal, unwanted

SHOWN = 500
"""How many changed rows, and how many faults, the page shows."""
EXAMPLES = 3
"""How many cells the page quotes for one fault."""


@dataclass(frozen=True)
class Fault:
    """The same fault in the same column of one row or several."""

    rows: str
    """`rows 2–41`."""
    column: str
    label: str
    examples: str
    """The texts of some of the cells."""
    sentence: str


@dataclass(frozen=True)
class Comparison:
    """The changes that a file would make."""

    rows: list[Row]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.changes]

    @property
    def twins(self) -> list[Row]:
        """The rows of new people whose contact ID looks like somebody else's."""
        return [row for row in self.rows if row.twin and row.changes]

    @property
    def summary(self) -> str:
        """`3 new, 1 row without a change`."""
        new = sum(row.is_new for row in self.changed)
        changed = len(self.changed) - new
        unchanged = sum(not row.changes and not row.faults for row in self.rows)
        parts = [
            f"{new:,} new" if new else "",
            f"{changed:,} changed" if changed else "",
            f"{unchanged:,} row{'' if unchanged == 1 else 's'} without a change" if unchanged else "",
        ]
        return ", ".join(filter(None, parts))

    @property
    def shown(self) -> list[Row]:
        return self.changed[:SHOWN]

    @property
    def further(self) -> dict[str, int]:
        """How many of the rows that the page does not show are new, and how many are changed."""
        rest = self.changed[SHOWN:]
        new = sum(row.is_new for row in rest)
        return {"all": len(rest), "new": new, "changed": len(rest) - new}

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """Each warning, with the number of rows that have it."""
        return list(Counter(each for row in self.rows for each in row.warnings).items())

    @property
    def faults(self) -> list[tuple[int, str, str]]:
        """Each fault: row, column and sentence."""
        return sorted(
            (row.number, column, sentence) for row in self.rows for column, sentence in row.faults.items()
        )

    @property
    def grouped_faults(self) -> list[Fault]:
        """The faults, each with the rows that share it, in the order of their first rows."""
        rows: dict[tuple[str, str], list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: row.number):
            for column, sentence in row.faults.items():
                rows.setdefault((column, sentence), []).append(row)
        return [
            Fault(
                sheet.in_words(row.number for row in having),
                column,
                label(column),
                _examples([row.seen.get(column, "") for row in having]),
                sentence,
            )
            for (column, sentence), having in rows.items()
        ]

    @property
    def faults_shown(self) -> list[Fault]:
        return self.grouped_faults[:SHOWN]

    @property
    def faults_further(self) -> int:
        return max(len(self.grouped_faults) - SHOWN, 0)

    def digest(self) -> str:
        """Equal for two comparisons with the same changes."""
        changes = [
            [row.number, [[each.column, each.old, each.new] for each in row.changes]] for row in self.changed
        ]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()


def compare(rows: Sequence[FileRow], *, template: Wanted | None = None) -> Comparison:
    """Compare the rows with the stored clinicians. Five queries at most.

    A cell that equals the stored value changes nothing, even if it would be refused or doubted today. For priorities
    that the file leaves empty, new people get the channels of the `template`.
    """
    stored = {each.contact_id: each for each in _stored(normal(row.cells[KEY]) for row in rows)}
    longer = _with_zeros({normal(row.cells[KEY]) for row in rows} - set(stored))
    first: dict[str, int] = {}
    compared = []
    for each in rows:
        key = normal(each.cells[KEY])
        row = _compare_row(each, stored.get(key), longer, template or {})
        if key and first.setdefault(key, each.number) != each.number:
            row.faults[KEY] = f"This contact ID is in row {first[key]} already: keep one of the two."
            row.changes, row.warnings = [], []
        compared.append(row)
    lookalikes.find(compared)
    return Comparison(compared)


def is_still_so(compared: Sequence[Row]) -> bool:
    """Whether the stored values are still those that these rows were compared with. Two queries. Nobody else changes
    these clinicians until the transaction ends.
    """
    found = _stored(row.clinician.contact_id for row in compared).select_for_update(no_key=True)
    now = {each.contact_id: columns.to_cells(each, preferences.channels_by_priority(each)) for each in found}
    return now == {row.clinician.contact_id: row.before for row in compared if not row.is_new}


def _stored(keys: Iterable[str]) -> QuerySet[Clinician]:
    nameable = {key for key in keys if not unwanted(key)}  # PostgreSQL cannot compare anything with NUL
    return Clinician.objects.filter(contact_id__in=nameable).order_by("pk").prefetch_related("preferences")


def _with_zeros(unknown: Collection[str]) -> dict[str, str]:
    """By unknown contact ID that a spreadsheet may have shortened: the stored one with zeros in front."""
    digits = [key for key in unknown if key.isdecimal()]
    if not digits:
        return {}
    bare = Func(F("contact_id"), Value("0"), function="LTRIM")
    found = Clinician.objects.filter(contact_id__startswith="0").annotate(bare=bare).filter(bare__in=digits)
    return dict(found.values_list("bare", "contact_id"))


def _compare_row(
    file_row: FileRow, stored: Clinician | None, longer: Mapping[str, str], template: Wanted
) -> Row:
    now: dict[Priority, list[Channel]] = {priority: [] for priority in Priority}
    before = dict.fromkeys(COLUMNS, "")
    if stored is not None:
        now = preferences.channels_by_priority(stored)
        before = columns.to_cells(stored, now)
    row = Row(
        file_row.number,
        stored or Clinician(),
        is_new=stored is None,
        before=before,
        is_hidden=file_row.is_hidden,
        seen=dict(file_row.cells),
    )
    _fill_in(row, file_row)
    if row.is_new:
        _check_new(row, longer)
        _apply_template(row, template)
    chosen = now | row.channels
    row.faults |= _missing_addresses(row, chosen)
    if not row.faults:
        after = columns.to_cells(row.clinician, chosen)
        row.changes = [
            CellChange(column, before[column], after[column], column in row.from_template)
            for column in COLUMNS
            if before[column] != after[column]
        ]
        row.warnings += _warnings(row, chosen, was_active=before["active"] == "yes")
    return row


def _fill_in(row: Row, file_row: FileRow) -> None:
    for column, text in file_row.cells.items():
        doubt = file_row.doubts.get(column, "")
        is_stored = not row.is_new and comparable(text) == comparable(row.before[column])
        if is_stored and not (doubt and not normal(text)):
            continue
        if doubt:
            row.faults[column] = doubt
            continue
        try:
            value = columns.parse_cell(column, text)
        except ValueError as error:
            row.faults[column] = str(error)
            continue
        if column in PRIORITIES:
            row.channels[PRIORITIES[column]] = value
        else:
            setattr(row.clinician, column, value)


def _check_new(row: Row, longer: Mapping[str, str]) -> None:
    """The fault of an unknown contact ID, as a sentence."""
    key = normal(row.seen[KEY])
    if key in longer and KEY not in row.faults:
        row.seen[KEY] = f"{key}, but {longer[key]} exists"
        row.faults[KEY] = (
            "A spreadsheet has dropped zeros in front of this contact ID. "
            "Format the column as Text, and type it again."
        )
    if "name" not in row.seen and KEY not in row.faults:
        row.faults["name"] = "This contact ID is new, and a new clinician needs a name: add the column name."


def _apply_template(row: Row, template: Wanted) -> None:
    """Give a new person the template's channels that can reach them, for priorities that the file leaves empty."""
    lacking = set()
    for column, priority in PRIORITIES.items():
        if priority not in template or row.channels.get(priority) or column in row.faults:
            continue
        reachable = [channel for channel in template[priority] if row.clinician.address(channel)]
        lacking |= set(template[priority]) - set(reachable)
        if reachable:
            row.channels[priority] = reachable
            row.from_template.add(column)
    row.warnings = [
        f"No {preferences.address_label(channel)}: {channel.label} of the template is left out."
        for channel in Channel
        if channel in lacking and channel.facts.address_field not in row.faults
    ]


def _missing_addresses(row: Row, chosen: Mapping[Priority, Sequence[Channel]]) -> dict[str, str]:
    """Faults of channels without an address, if the row chooses the channel or removes the address."""
    found: dict[str, str] = {}
    for column, priority in PRIORITIES.items():
        for channel in chosen[priority]:
            address, name = row.clinician.address(channel), channel.facts.address_field
            is_touched = priority in row.channels or address != row.before[name]
            if is_touched and not address and name not in row.faults:
                found[column] = f"{channel.value} needs {name}: fill it in, or take {channel.value} out."
    return found


def _warnings(row: Row, chosen: Mapping[Priority, Sequence[Channel]], *, was_active: bool) -> list[str]:
    """Warnings for the priorities that change; for all priorities if a person becomes active."""
    if not row.clinician.active or not row.changes:
        return []
    touched = {each.column for each in row.changes}
    changed = {PRIORITIES[column] for column in touched if column in PRIORITIES}
    used = [
        channel
        for channel in Channel
        if channel.facts.address_field in touched or any(channel in chosen[priority] for priority in changed)
    ]
    return problems.number_doubts(row.clinician, used) + [
        sentence
        for priority in Priority
        if not was_active or priority in changed
        for sentence in preferences.warnings(priority, chosen[priority])
    ]


def _examples(texts: Sequence[str]) -> str:
    different = [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]
    return ", ".join(different[:EXAMPLES]) + (", …" if different[EXAMPLES:] else "")
