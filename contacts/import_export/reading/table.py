"""The content of a file of clinicians: rows of texts by column, and notes for people on how they were read."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from contacts.import_export.columns import PRIORITIES
from contacts.import_export.reading import csv_sheet, doubts, headings, xlsx_sheet
from contacts.import_export.reading.headings import Headings
from contacts.import_export.reading.sheet import (
    MAX_COLUMNS,
    MAX_ROWS,
    Sheet,
    SheetRow,
    UnreadableFileError,
    in_words,
    is_blank,
)

MAX_MERGED = 10 * MAX_ROWS
"""Cells that are merged with others."""
REPEATABLE = frozenset(("role", "department", "active", *PRIORITIES))
"""Columns in which a merged cell counts for each of its rows."""
_ZIP, _OLE, _PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
_OPEN_DOCUMENT = b"mimetypeapplication/vnd.oasis.opendocument"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_SAVE_AS = "save the list as XLSX or CSV, and choose that file."


@dataclass(frozen=True)
class FileRow:
    """A row under the headings."""

    number: int
    """The number of the row in a spreadsheet."""
    cells: Mapping[str, str]
    """By column: the texts."""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """By column: a sentence for a text that nobody is likely to have typed."""
    is_hidden: bool = False


@dataclass(frozen=True)
class Table:
    """A file of clinicians."""

    rows: list[FileRow]
    notes: list[str]
    """Sentences on how the file was read."""


def read(content: bytes, *, name: str = "") -> Table:
    """The rows below the headings that are not blank.

    Raises:
        UnreadableFileError: this is not a file of clinicians, or it is too large.
    """
    return _table(_sheet(content, name))


def _sheet(content: bytes, name: str) -> Sheet:
    ending = name.casefold().rpartition(".")[2]
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise UnreadableFileError(
                "This Excel file has a password: save it without one, and choose that file."
            )
        raise UnreadableFileError("This is an old Excel file (XLS): save it as XLSX.")
    if content.startswith(_ZIP):
        if _OPEN_DOCUMENT in content[:200]:
            raise UnreadableFileError(f"This is an OpenDocument file (ODS): {_SAVE_AS}")
        if b"xl/workbook.bin" in content:
            raise UnreadableFileError(f"This is a binary Excel file (XLSB): {_SAVE_AS}")
        return xlsx_sheet.read(content)
    if ending in {"xlsx", "xlsm"}:
        raise UnreadableFileError(f"This is not an Excel file, whatever its name says: {_SAVE_AS}")
    if content.startswith(_PDF) or content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise UnreadableFileError(
            f"This is a PDF, a web page or another document, and not a list: {_SAVE_AS}"
        )
    return csv_sheet.read(content, count_known=headings.count_known)


def _table(sheet: Sheet) -> Table:
    if not sheet.rows:
        raise UnreadableFileError("This file is empty.", *sheet.notes)
    try:
        found = headings.find(sheet.rows)
    except UnreadableFileError as error:
        raise UnreadableFileError(*error.sentences, *sheet.notes) from error
    below = [row for row in sheet.rows if row.number > found.row.number]
    repeated = [row.number for row in below if row.texts == found.row.texts]
    rows = [row for row in below if row.texts != found.row.texts]
    if not rows:
        raise UnreadableFileError("This file has a heading, and no clinicians under it.", *sheet.notes)
    if len(rows) > MAX_ROWS:
        raise UnreadableFileError(f"This file has more than {MAX_ROWS:,} rows: split it.")
    _check_headless(rows, found)
    filled = _fill_merged(sheet, rows, found)
    notes = [*sheet.notes, *_above(sheet.rows, found), *found.notes(), *_repeated(repeated)]
    notes += [*_hidden(sheet, rows, found), *filled]
    table = [_file_row(row, found) for row in rows]
    return Table([row for row in table if not is_blank(row.cells.values())], notes)


def _check_headless(rows: Iterable[SheetRow], found: Headings) -> None:
    headed = {place for place, text in enumerate(found.row.texts) if not is_blank([text])}
    wrong = [
        row.number
        for row in rows
        if not is_blank(text for place, text in enumerate(row.texts) if place not in headed)
    ]
    if wrong:
        words = in_words(wrong)
        raise UnreadableFileError(
            f"{words[0].upper()}{words[1:]} {'has' if len(wrong) == 1 else 'have'} a cell without a heading: "
            "is there a separator too many?"
        )


def _file_row(row: SheetRow, found: Headings) -> FileRow:
    cells = {
        column: row.texts[place] if place < len(row.texts) else "" for column, place in found.places.items()
    }
    doubtful = {column: row.doubts[place] for column, place in found.places.items() if place in row.doubts}
    if doubtful.get("active") == doubts.BOOLEAN:
        del doubtful["active"]
    return FileRow(row.number, cells, doubtful, row.is_hidden)


def _above(rows: Iterable[SheetRow], found: Headings) -> list[str]:
    above = [row for row in rows if row.number < found.row.number]
    if not above:
        return []
    words = in_words(row.number for row in above)
    return [f"The headings are in row {found.row.number}. Not read: {words}, above them."]


def _repeated(numbers: list[int]) -> list[str]:
    return [f"The headings are repeated in {in_words(numbers)}, and were left out there."] if numbers else []


def _hidden(sheet: Sheet, rows: Iterable[SheetRow], found: Headings) -> list[str]:
    notes = []
    hidden = [row.number for row in rows if row.is_hidden]
    if hidden:
        notes.append(
            "Rows that are hidden in the file, perhaps by a filter, are read as well "
            f"({len(hidden):,}): {in_words(hidden)}."
        )
    columns = [
        headings.label(column) for column, place in found.places.items() if place in sheet.hidden_places
    ]
    if columns:
        notes.append(f"Columns that are hidden in the file are read as well: {', '.join(columns)}.")
    return notes


def _fill_merged(sheet: Sheet, rows: list[SheetRow], found: Headings) -> list[str]:
    """Give the text of merged cells to each of their rows if the column allows that. Otherwise doubt the empty
    cells.
    """
    columns = {place: column for column, place in found.places.items()}
    filled: dict[str, list[int]] = {}
    for text, is_below, row, place in _empty_merged_cells(sheet, rows):
        column = columns.get(place, "")
        row.texts.extend([""] * (place + 1 - len(row.texts)))
        if is_below and column in REPEATABLE:
            row.texts[place] = text
            filled.setdefault(column, []).append(row.number)
        else:
            row.doubts[place] = doubts.MERGED
    return [
        f"Merged cells in {headings.label(column)}: their text was taken for each of their rows, "
        f"so also for {in_words(numbers)}."
        for column, numbers in filled.items()
    ]


def _empty_merged_cells(sheet: Sheet, rows: list[SheetRow]) -> Iterator[tuple[str, bool, SheetRow, int]]:
    """Each cell that a merge leaves empty: the merge's text, whether the cell is below that, the row, and the cell's
    place.
    """
    numbers = [row.number for row in rows]
    left = MAX_MERGED
    for merge in sheet.merges:
        covered = rows[bisect_left(numbers, merge.first_row) : bisect_right(numbers, merge.last_row)]
        if not covered or covered[0].number != merge.first_row:
            continue
        text = "".join(covered[0].texts[merge.first_place : merge.first_place + 1])
        places = range(merge.first_place, min(merge.last_place + 1, MAX_COLUMNS))
        left -= len(covered) * len(places)
        if left < 0:
            raise UnreadableFileError("This file has too many merged cells: undo the merging.")
        if is_blank([text]):
            continue
        for row in covered:
            for place in places:
                if (row.number, place) != (merge.first_row, merge.first_place):
                    yield text, place == merge.first_place, row, place
