"""Compares a file with the stored clinicians: what each row would change, its faults, and what to warn of."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.import_export import columns
from contacts.import_export.columns import COLUMNS, KEY, PRIORITIES
from contacts.import_export.formats import comparable
from contacts.models import Clinician
from contacts.spelling.normal import normal

SHOWN = 500
"""How many changed rows, and how many faults, the page shows one by one."""


@dataclass(frozen=True)
class CellChange:
    """A cell that changes something."""

    column: str
    old: str
    new: str


@dataclass
class Row:
    """A row of the file."""

    number: int
    """As a spreadsheet counts: the heading is row 1."""
    clinician: Clinician
    """With the row's values, not saved."""
    is_new: bool
    channels: dict[Priority, list[Channel]] = field(default_factory=dict)
    """For each priority that the row sets."""
    faults: dict[str, str] = field(default_factory=dict)
    """By column."""
    changes: list[CellChange] = field(default_factory=list)
    """None where the row has a fault."""
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """What a file would change."""

    rows: list[Row]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.changes]

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
        """How many of the rows that are not shown are new, and how many changed."""
        rest = self.changed[SHOWN:]
        new = sum(row.is_new for row in rest)
        return {"all": len(rest), "new": new, "changed": len(rest) - new}

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """Each warning, and how many rows have it."""
        return list(Counter(each for row in self.rows for each in row.warnings).items())

    @property
    def faults(self) -> list[tuple[int, str, str]]:
        """Row, column and what is wrong there."""
        return sorted(
            (row.number, column, sentence) for row in self.rows for column, sentence in row.faults.items()
        )

    @property
    def faults_shown(self) -> list[tuple[int, str, str]]:
        return self.faults[:SHOWN]

    @property
    def faults_further(self) -> int:
        return max(len(self.faults) - SHOWN, 0)

    def digest(self) -> str:
        """The same for two comparisons that come to the same changes."""
        changes = [
            [row.number, [[each.column, each.old, each.new] for each in row.changes]] for row in self.changed
        ]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()


def compare(rows: Sequence[Mapping[str, str]], *, lock: bool = False) -> Comparison:
    """Compare the rows, each a text by column, with what is stored. Two queries.

    A cell that says what is stored changes nothing, even where it would be refused today. With `lock`, nobody else
    changes these clinicians until the transaction ends. Empty rows are left out.
    """
    stored = _stored(rows, lock=lock)
    first: dict[str, int] = {}
    compared = []
    for number, cells in enumerate(rows, start=2):
        if not any(normal(text) for text in cells.values()):
            continue
        key = normal(cells[KEY])
        row = _compare_row(number, cells, stored.get(key))
        if key and first.setdefault(key, number) != number:
            row.faults[KEY] = f"{key} is in row {first[key]} already: keep one of the two."
            row.changes, row.warnings = [], []
        compared.append(row)
    return Comparison(compared)


def _stored(rows: Sequence[Mapping[str, str]], *, lock: bool) -> dict[str, Clinician]:
    keys = {normal(row[KEY]) for row in rows}
    found = Clinician.objects.filter(contact_id__in=keys).order_by("pk").prefetch_related("preferences")
    if lock:
        found = found.select_for_update(no_key=True)
    return {each.contact_id: each for each in found}


def _compare_row(number: int, cells: Mapping[str, str], stored: Clinician | None) -> Row:
    row = Row(number, stored or Clinician(), is_new=stored is None)
    now: dict[Priority, list[Channel]] = {priority: [] for priority in Priority}
    before = dict.fromkeys(COLUMNS, "")
    if stored is not None:
        now = preferences.channels_by_priority(stored)
        before = columns.to_cells(stored, now)
    _fill_in(row, cells, before)
    if row.is_new and "name" not in cells:
        row.faults["name"] = f"{normal(cells[KEY])} is new, and needs the column name."
    chosen = now | row.channels
    row.faults |= _missing_addresses(row, before, chosen)
    if not row.faults:
        after = columns.to_cells(row.clinician, chosen)
        row.changes = [
            CellChange(column, before[column], after[column])
            for column in COLUMNS
            if before[column] != after[column]
        ]
        row.warnings = _warnings(row, chosen, was_active=before["active"] == "yes")
    return row


def _fill_in(row: Row, cells: Mapping[str, str], before: Mapping[str, str]) -> None:
    for column, text in cells.items():
        if not row.is_new and comparable(text) == comparable(before[column]):
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


def _missing_addresses(
    row: Row, before: Mapping[str, str], chosen: Mapping[Priority, Sequence[Channel]]
) -> dict[str, str]:
    """Channels without an address, where the row chooses the channel or removes the address."""
    found: dict[str, str] = {}
    for column, priority in PRIORITIES.items():
        for channel in chosen[priority]:
            address, name = row.clinician.address(channel), channel.facts.address_field
            is_touched = priority in row.channels or address != before[name]
            if is_touched and not address and name not in row.faults:
                found[column] = f"{channel.value} needs {name}: fill it in, or take {channel.value} out."
    return found


def _warnings(row: Row, chosen: Mapping[Priority, Sequence[Channel]], *, was_active: bool) -> list[str]:
    """For the priorities that change; for all of them where somebody becomes active."""
    if not row.clinician.active or not row.changes:
        return []
    changed = {PRIORITIES[each.column] for each in row.changes if each.column in PRIORITIES}
    return [
        sentence
        for priority in Priority
        if not was_active or priority in changed
        for sentence in preferences.warnings(priority, chosen[priority])
    ]
