"""What a file would change: the changes of each row, its faults, and what to warn of."""

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
"""How many changed rows, and how many faults, the page shows one by one."""
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
    """What some of the cells say."""
    sentence: str


@dataclass
class Row:
    """A row of the file."""

    number: int
    """As a spreadsheet counts."""
    clinician: Clinician
    """With the row's values, not saved."""
    is_new: bool
    before: Mapping[str, str]
    """The stored cells, by column; each empty for a new person."""
    is_hidden: bool = False
    seen: dict[str, str] = field(default_factory=dict)
    """What the cells say, by column."""
    channels: dict[Priority, list[Channel]] = field(default_factory=dict)
    """For each priority that the row or the template sets."""
    from_template: set[str] = field(default_factory=set)
    """The columns of priorities that the template sets."""
    faults: dict[str, str] = field(default_factory=dict)
    """By column."""
    changes: list[CellChange] = field(default_factory=list)
    """None where the row has a fault."""
    warnings: list[str] = field(default_factory=list)
    twin: str = ""
    """Whose contact ID this new one looks like, in a sentence."""


@dataclass(frozen=True)
class Comparison:
    """What a file would change."""

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
    def grouped_faults(self) -> list[Fault]:
        """The faults, with the rows that share each; those of the first rows first."""
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
        """The same for two comparisons that come to the same changes."""
        changes = [
            [row.number, [[each.column, each.old, each.new] for each in row.changes]] for row in self.changed
        ]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()


def _examples(texts: Sequence[str]) -> str:
    different = [text for text in dict.fromkeys(" ".join(text.split()) for text in texts) if text]
    return ", ".join(different[:EXAMPLES]) + (", …" if different[EXAMPLES:] else "")
