"""The result of comparing a file: the changes of each row, its faults, and warnings."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contacts.choices import Channel, Priority
from contacts.import_export.reading import sheet
from contacts.import_export.reading.headings import label
from contacts.models import Clinician

SHOWN = 500
"""How many changed rows, and how many faults, the page shows."""
EXAMPLES = 3
"""How many cells the page quotes for one fault."""


@dataclass(frozen=True)
class CellChange:
    """A cell that changes something."""

    column: str
    old: str
    new: str
    from_template: bool = False


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


@dataclass
class Row:
    """A row of the file."""

    number: int
    """The number of the row in a spreadsheet."""
    clinician: Clinician
    """The clinician with the row's values, not saved."""
    is_new: bool
    before: Mapping[str, str]
    """By column: the stored cells, all empty for a new person."""
    is_hidden: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    """By column: the cells of the file."""
    channels: dict[Priority, list[Channel]] = field(default_factory=dict)
    """The channels for each priority that the row or the template sets."""
    from_template: set[str] = field(default_factory=set)
    """The columns of priorities that come from the template."""
    faults: dict[str, str] = field(default_factory=dict)
    """By column: the faults."""
    changes: list[CellChange] = field(default_factory=list)
    """The changes; None if the row has a fault."""
    warnings: list[str] = field(default_factory=list)
    twin: str = ""
    """A sentence that says whose contact ID this new one looks like."""


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


def _examples(texts: Sequence[str]) -> str:
    different = [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]
    return ", ".join(different[:EXAMPLES]) + (", …" if different[EXAMPLES:] else "")
