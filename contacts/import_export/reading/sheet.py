"""A sheet as it was read, before its columns are known."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from spelling import normal

MAX_ROWS = 20_000
"""How many rows below the headings may have text."""
MAX_COLUMNS = 100
MAX_LENGTH = 1_000
"""Characters in a cell. Every column takes fewer."""
MAX_ABOVE = 10
"""How many rows above the headings may have text, such as a title."""


MAX_CELLS = 400_000
"""How many cells may have text: 20,000 rows of twenty."""
READ_SECONDS = 20.0
"""Seconds for the whole file. An export of 20,000 rows takes a fifth of that."""


class UnreadableFileError(ValueError):
    """The file cannot be read. The message has sentences for staff."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


class Budget:
    """The limits of one file."""

    def __init__(self) -> None:
        self._cells = 0
        self._until = time.monotonic() + READ_SECONDS

    def spend(self, *, cells: int = 0) -> None:
        """Check the limits. Called while the file is read. Raises UnreadableFileError for a file that exceeds them."""
        self._cells += cells
        if self._cells > MAX_CELLS:
            raise UnreadableFileError(f"This file has more than {MAX_CELLS:,} cells with a text: split it.")
        if time.monotonic() > self._until:
            raise UnreadableFileError(
                "This file takes too long to read: split it, or copy the rows that have text into a new file."
            )


@dataclass
class SheetRow:
    """A row that is not blank."""

    number: int
    """The number of the row in a spreadsheet."""
    texts: list[str]
    """The texts that the cells show."""
    doubts: dict[int, str] = field(default_factory=dict)
    """By place: a sentence for a text that nobody is likely to have typed."""
    is_hidden: bool = False


@dataclass(frozen=True)
class Merge:
    """A range of merged cells; only the first of them has a text."""

    first_row: int
    last_row: int
    first_place: int
    last_place: int


@dataclass
class Sheet:
    """The rows that are not blank, and notes for people on how they were read."""

    rows: list[SheetRow]
    notes: list[str] = field(default_factory=list)
    hidden_places: set[int] = field(default_factory=set)
    merges: list[Merge] = field(default_factory=list)


def check_row(number: int, texts: list[str]) -> None:
    """Add a row. Raises UnreadableFileError for a row that is too wide, or has too long a cell."""
    if len(texts) > MAX_COLUMNS:
        raise UnreadableFileError(f"Row {number} has more than {MAX_COLUMNS} columns.")
    if any(len(text) > MAX_LENGTH for text in texts):
        raise UnreadableFileError(
            f"Row {number} has a cell with more than {MAX_LENGTH:,} characters: shorten it."
        )


def check_rows(count: int) -> None:
    """Raises UnreadableFileError for more rows than are allowed."""
    if count > MAX_ROWS + 1 + MAX_ABOVE:
        raise UnreadableFileError(f"This file has more than {MAX_ROWS:,} rows: split it.")


def is_blank(texts: Iterable[str]) -> bool:
    """Whether these cells show nothing."""
    return all(normal.is_blank(text) for text in texts)


def in_words(numbers: Iterable[int]) -> str:
    """`row 7`, or `rows 2–5 and 9`."""
    spans: list[list[int]] = []
    for number in sorted(set(numbers)):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    words = [str(first) if first == last else f"{first}–{last}" for first, last in spans]
    is_one = len(spans) == 1 and spans[0][0] == spans[0][1]
    listed = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    return f"row{'' if is_one else 's'} {listed}"
