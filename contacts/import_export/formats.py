"""Reads and writes CSV and XLSX files of clinicians.

A spreadsheet program treats a cell that begins with =, +, -, @, a tab or a line break as a formula, and a formula can
send the file's content elsewhere (https://owasp.org/www-community/attacks/CSV_Injection). In CSV such a cell gets an
apostrophe in front, which reading removes; in XLSX every cell is text.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import islice
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from contacts.import_export import xlsx_guard
from contacts.import_export.columns import COLUMNS, KEY, WITHOUT_VALUE

MAX_ROWS = 20_000
MAX_COLUMNS = 100
"""Cells further right are ignored in XLSX, and refused in CSV."""
MAX_LENGTH = 1_000
"""Characters in a cell. Every column takes fewer."""
_DANGEROUS = r"[=+\-@\t\r\n＝＋－＠]"
_FORMULA = re.compile(f"'*{_DANGEROUS}")
_QUOTED = re.compile(f"'+{_DANGEROUS}")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTH = 22
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class UnreadableFileError(ValueError):
    """The file cannot be read. A sentence for staff."""


def escape_formula(text: str) -> str:
    """The text for a CSV cell, never a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """The reverse of `escape_formula`."""
    return text[1:] if _QUOTED.match(text) else text


def read(content: bytes, *, name: str = "") -> list[dict[str, str]]:
    """The rows under the heading: for each the text by column. An empty row stays, so that rows can be counted.

    Raises:
        UnreadableFileError: this is not a file of clinicians, or it is too large.
    """
    if content.startswith(_OLD_EXCEL):
        raise UnreadableFileError("This is an old or a protected Excel file: save it as XLSX.")
    if content.startswith(_ZIP):
        return _table(_xlsx_rows(content))
    if name.casefold().endswith(".xlsx"):
        raise UnreadableFileError(
            "This is not an Excel file, whatever its name says: save the list as XLSX or CSV, and choose that file."
        )
    return _table(_csv_rows(content))


def write_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Comma-separated values in UTF-8; no cell is a formula."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([escape_formula(row[column]) for column in COLUMNS] for row in rows)
    return file.getvalue().encode("utf-8-sig")  # Excel needs the mark to recognise UTF-8


def write_xlsx(rows: Iterable[Mapping[str, str]]) -> bytes:
    """An Excel workbook with one sheet; every cell is text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Clinicians")
    sheet.freeze_panes = "A2"
    for number in range(len(COLUMNS)):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(number + 1)].width = _WIDTH
    heading = [WriteOnlyCell(sheet, value=column) for column in COLUMNS]
    for cell in heading:
        cell.font = Font(bold=True)
    sheet.append(heading)
    for row in rows:
        sheet.append([text_cell(sheet, row[column]) for column in COLUMNS])
    file = BytesIO()
    book.save(file)
    return file.getvalue()


@dataclass(frozen=True)
class Format:
    """A format that clinicians are exported in."""

    label: str
    content_type: str
    write: Callable[[Iterable[Mapping[str, str]]], bytes]


FORMATS = {
    "xlsx": Format(
        "Excel (XLSX)", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
    "csv": Format("CSV", "text/csv", write_csv),
}
"""By the ending of a file's name."""


def _csv_rows(content: bytes) -> list[list[str]]:
    """Commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252: Excel writes all of them."""
    try:
        return list(islice(_parsed(_decoded(content)), MAX_ROWS + 2))
    except csv.Error as error:
        raise UnreadableFileError("This is not a CSV file: save it as CSV or XLSX, and try again.") from error


def _xlsx_rows(content: bytes) -> list[list[str]]:
    """The first sheet."""
    try:
        has_formulas = xlsx_guard.check(content)
        rows = _rows(content)
        if has_formulas:
            _mark_without_value(rows, _formulas(content))
    except xlsx_guard.TooMuchError as error:
        raise UnreadableFileError(
            "This file is too large when it is unpacked: split it, or save its first sheet alone."
        ) from error
    except Exception as error:
        # A damaged file can raise anything, from a KeyError to an error of the XML parser.
        raise UnreadableFileError(
            "This Excel file is damaged or protected: save it again as XLSX."
        ) from error
    return rows


def comparable(text: str) -> str:
    """A cell's text without what files lose: the kind of line break, and characters that XML cannot hold."""
    return _NOT_IN_XML.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(content: bytes) -> str:
    is_utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    encodings = ["utf-16"] if is_utf16 else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFileError("The letters in this file are unknown: save it as “CSV UTF-8”, or as XLSX.")


def _parsed(text: str) -> Iterator[list[str]]:
    """The rows, split by the delimiter with which the heading has most known columns."""

    def known(delimiter: str) -> int:
        heading = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
        return len({_heading(each) for each in heading[:MAX_COLUMNS]} & set(COLUMNS))

    best = max(",;\t", key=known)
    return csv.reader(StringIO(text, newline=""), delimiter=best)


def _table(rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """The rows under their heading, by column."""
    if not rows:
        raise UnreadableFileError("This file is empty.")
    if len(rows) > MAX_ROWS + 1:
        raise UnreadableFileError(f"This file has more than {MAX_ROWS:,} rows: split it.")
    _check_size(rows)
    places = _places(rows[0])
    table = []
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for place, cell in enumerate(row) if place not in places.values()):
            raise UnreadableFileError(
                f"Row {number} has a cell without a heading: is there a separator too many?"
            )
        table.append(
            {
                column: unescape_formula(row[place]) if place < len(row) else ""
                for column, place in places.items()
            }
        )
    if not any(text.strip() for row in table for text in row.values()):
        raise UnreadableFileError("This file has a heading, and no clinicians under it.")
    return table


def _check_size(rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) > MAX_COLUMNS:
            raise UnreadableFileError(f"Row {number} has more than {MAX_COLUMNS} columns.")
        if any(len(cell) > MAX_LENGTH for cell in row):
            raise UnreadableFileError(
                f"Row {number} has a cell with more than {MAX_LENGTH:,} characters: shorten it."
            )


def _places(heading: Sequence[str]) -> dict[str, int]:
    """The position of each column."""
    places: dict[str, int] = {}
    for place, text in enumerate(heading):
        column = _heading(text)
        if not column:
            continue
        if column not in COLUMNS:
            raise UnreadableFileError(
                f"There is no column “{text.strip()[:40]}”. The first row names the columns: {', '.join(COLUMNS)}."
            )
        if column in places:
            raise UnreadableFileError(f"The column {column} appears twice: remove one.")
        places[column] = place
    if KEY not in places:
        raise UnreadableFileError(
            f"The column {KEY} is missing, which identifies the clinician. "
            f"The first row names the columns: {', '.join(COLUMNS)}."
        )
    return places


def _heading(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().casefold())


def _rows(content: bytes) -> list[list[str]]:
    book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    with closing(book):
        sheet = book.worksheets[0]
        # Or each row is padded to the size that the sheet claims, which may be anything.
        sheet.reset_dimensions()
        shown = islice(sheet.iter_rows(max_col=MAX_COLUMNS), MAX_ROWS + 2)
        return [_without_blanks_at_the_end([_text(cell) for cell in row]) for row in shown]


def _formulas(content: bytes) -> Iterator[list[bool]]:
    """For each row of the first sheet, which cells have a formula."""
    book = openpyxl.load_workbook(BytesIO(content), read_only=True)
    with closing(book):
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in islice(sheet.iter_rows(max_col=MAX_COLUMNS), MAX_ROWS + 2):
            yield [cell.data_type == "f" for cell in row]


def _mark_without_value(rows: list[list[str]], formulas: Iterator[list[bool]]) -> None:
    """Mark formulas that no program has calculated: they look filled, but read as empty."""
    for row, has_formula in zip(rows, formulas, strict=False):
        for place, is_formula in enumerate(has_formula):
            if is_formula and not "".join(row[place : place + 1]):
                row.extend([""] * (place + 1 - len(row)))
                row[place] = WITHOUT_VALUE


def _without_blanks_at_the_end(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row


def _text(cell: Any) -> str:
    """A cell as text: whole numbers without decimals, and yes or no."""
    value = cell.value
    if value is None:
        return " " if cell.data_type == "str" else ""  # the value of a formula can be an empty text
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def text_cell(sheet: Any, text: str) -> Any:
    """A cell for a sheet that openpyxl writes, never a formula."""
    text = comparable(text)
    # Reading removes an apostrophe, so add another.
    cell = WriteOnlyCell(sheet, value=f"'{text}" if _QUOTED.match(text) else text)
    cell.data_type = "s"  # openpyxl treats "=…" as a formula
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell
