"""What a file of clinicians would change, and what is wrong with it, as the page before an import shows them."""

from collections import Counter
from dataclasses import dataclass

from import_export.results import Result, RowResult

SHOWN = 500
"""So many rows that change something are shown one by one, and so many faults; the rest is counted."""


@dataclass(frozen=True)
class Changed:
    """One cell that changes something."""

    column: str
    old: str
    new: str


class Row(RowResult):
    """What one row of the file would change."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.changes: list[Changed] = []
        self.warnings: list[str] = []


class Look(Result):
    """What a file would change, and what is wrong with it, as the page shows them."""

    rows: list[Row]

    @property
    def changed(self) -> list[Row]:
        return [row for row in self.rows if row.changes]

    @property
    def in_words(self) -> str:
        """`3 new, 1 row without a change`: what there is none of is left out."""
        new, changed, same = (self.totals[each] for each in ("new", "update", "skip"))
        unchanged = f"{same:,} row{'' if same == 1 else 's'} without a change"
        told = [
            f"{new:,} new" if new else "",
            f"{changed:,} changed" if changed else "",
            unchanged if same else "",
        ]
        return ", ".join(filter(None, told))

    @property
    def shown(self) -> list[Row]:
        return self.changed[:SHOWN]

    @property
    def further(self) -> dict[str, int]:
        """Of those who are not shown how many are new, and how many are changed."""
        rest = self.changed[SHOWN:]
        new = sum(row.is_new() for row in rest)
        return {"all": len(rest), "new": new, "changed": len(rest) - new}

    @property
    def warnings(self) -> list[tuple[str, int]]:
        """Each warning, and for how many it stands."""
        return list(Counter(each for row in self.rows for each in row.warnings).items())

    @property
    def wrong(self) -> list[tuple[int, str, str]]:
        """Row, column and what is wrong there."""
        faults = [
            (row.number + 1, column, " ".join(sentences))
            for row in self.invalid_rows
            for column, sentences in row.field_specific_errors.items()
        ]
        unread = [(row.number + 1, "", "This row cannot be read.") for row in self.error_rows]
        return sorted(faults + unread)

    @property
    def wrong_shown(self) -> list[tuple[int, str, str]]:
        return self.wrong[:SHOWN]

    @property
    def wrong_further(self) -> int:
        return max(len(self.wrong) - SHOWN, 0)
