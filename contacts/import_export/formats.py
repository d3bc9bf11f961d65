"""Files of clinicians as spreadsheet programs read and write them: CSV and XLSX.

A cell that begins with one of =, +, -, @, a tab or a line break is a formula for a spreadsheet program, and a formula
can send what is in the file elsewhere (https://owasp.org/www-community/attacks/CSV_Injection). In CSV such a cell is
written with an apostrophe in front; in XLSX it is a cell of text. Reading takes that apostrophe off again.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from io import BytesIO, StringIO
from itertools import islice
from typing import Any

import openpyxl
import tablib
from import_export.formats.base_formats import CSV, XLSX
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from contacts.import_export import xlsx_guard
from contacts.import_export.columns import COLUMNS, KEY, WITHOUT_VALUE

MAX_ROWS = 20_000
MAX_COLUMNS = 100
"""What stands further right is not looked at in XLSX, and refused in CSV."""
MAX_LENGTH = 1_000
"""Characters in a cell; no column takes as many."""
_DANGEROUS = r"[=+\-@\t\r\n＝＋－＠]"
_FORMULA = re.compile(f"'*{_DANGEROUS}")
_QUOTED = re.compile(f"'+{_DANGEROUS}")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_WIDTH = 22


class UnreadableFileError(ValueError):
    """A sentence for the person who chose the file."""


def defused(text: str) -> str:
    """A cell's text for CSV: never a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def original(text: str) -> str:
    """What `defused` was given."""
    return text[1:] if _QUOTED.match(text) else text


class CsvFile(CSV):
    """Comma-separated in UTF-8; read are also semicolons, tabs, UTF-16 and Windows-1252, which Excel writes."""

    def get_title(self) -> str:
        return "CSV"

    def is_binary(self) -> bool:
        return True  # we decode and encode ourselves

    def get_read_mode(self) -> str:
        return "rb"

    def create_dataset(self, in_stream: bytes, **kwargs: Any) -> tablib.Dataset:
        text = _decoded(in_stream)
        try:
            rows = list(islice(_parsed(text), MAX_ROWS + 2))
        except csv.Error as error:
            raise UnreadableFileError(
                "This is no CSV file: save it as CSV or XLSX, and try again."
            ) from error
        return _dataset(rows)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        file = StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(dataset.headers)
        writer.writerows([defused(cell) for cell in row] for row in dataset)
        return file.getvalue().encode("utf-8-sig")  # with the mark by which Excel knows UTF-8


class ExcelFile(XLSX):
    """Excel's, of which the first sheet is read; every cell that is written is text."""

    def get_title(self) -> str:
        return "Excel (XLSX)"

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        try:
            has_formulas = xlsx_guard.check(in_stream)
            rows = _rows(in_stream)
            if has_formulas:
                _mark_without_value(rows, _formulas(in_stream))
        except xlsx_guard.TooMuchError as error:
            raise UnreadableFileError(
                "This file is too large when it is unpacked: split it, or save its first sheet alone."
            ) from error
        except Exception as error:
            # A damaged file ends in anything, from a KeyError to one of the XML parser's.
            raise UnreadableFileError(
                "This Excel file is damaged or protected: save it anew as XLSX."
            ) from error
        return _dataset(rows)

    def export_data(self, dataset: tablib.Dataset, **kwargs: Any) -> bytes:
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("Clinicians")
        sheet.freeze_panes = "A2"
        for number in range(len(dataset.headers)):
            sheet.column_dimensions[openpyxl.utils.get_column_letter(number + 1)].width = _WIDTH
        bold = [WriteOnlyCell(sheet, value=header) for header in dataset.headers]
        for cell in bold:
            cell.font = Font(bold=True)
        sheet.append(bold)
        for row in dataset:
            sheet.append([_text_cell(sheet, text) for text in row])
        file = BytesIO()
        book.save(file)
        return file.getvalue()


FORMATS = (ExcelFile, CsvFile)


def comparable(text: str) -> str:
    """A cell's text without what a file cannot keep: which line break it was, and characters that XML has not."""
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
    """The rows, with the delimiter that makes most of the first one known columns."""

    def known(delimiter: str) -> int:
        heading = next(csv.reader(StringIO(text, newline=""), delimiter=delimiter), [])
        return len({_heading(each) for each in heading[:MAX_COLUMNS]} & set(COLUMNS))

    best = max(",;\t", key=known)
    return csv.reader(StringIO(text, newline=""), delimiter=best)


def _dataset(rows: Sequence[Sequence[str]]) -> tablib.Dataset:
    """The rows under their heading, each as wide as it; an empty one stays, so that numbers are the file's."""
    if not rows:
        raise UnreadableFileError("This file is empty.")
    if len(rows) > MAX_ROWS + 1:
        raise UnreadableFileError(f"This file has more than {MAX_ROWS:,} rows: split it.")
    _check_size(rows)
    places = _places(rows[0])
    dataset = tablib.Dataset(headers=list(places))
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for place, cell in enumerate(row) if place not in places.values()):
            raise UnreadableFileError(
                f"Row {number} has a cell without a heading: is there a comma too many?"
            )
        dataset.append([original(row[place]) if place < len(row) else "" for place in places.values()])
    if not any(any(cell.strip() for cell in row) for row in dataset):
        raise UnreadableFileError("This file has a heading, and no clinicians under it.")
    return dataset


def _check_size(rows: Sequence[Sequence[str]]) -> None:
    for number, row in enumerate(rows, start=1):
        if len(row) > MAX_COLUMNS:
            raise UnreadableFileError(f"Row {number} has more than {MAX_COLUMNS} columns.")
        if any(len(cell) > MAX_LENGTH for cell in row):
            raise UnreadableFileError(
                f"Row {number} has a cell with more than {MAX_LENGTH:,} characters: shorten it."
            )


def _places(heading: Sequence[str]) -> dict[str, int]:
    """Where each column stands."""
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
            raise UnreadableFileError(f"The column {column} is there twice: take one of them out.")
        places[column] = place
    if KEY not in places:
        raise UnreadableFileError(
            f"The column {KEY} is missing, which says who is meant. "
            f"The first row names the columns: {', '.join(COLUMNS)}."
        )
    return places


def _heading(text: str) -> str:
    return re.sub(r"[\s-]+", "_", text.strip().casefold())


def _rows(content: bytes) -> list[list[str]]:
    book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    with closing(book):
        sheet = book.worksheets[0]
        # Or each row would be filled up to the size that the sheet says it has, and may say whatever it likes.
        sheet.reset_dimensions()
        shown = islice(sheet.iter_rows(max_col=MAX_COLUMNS), MAX_ROWS + 2)
        return [_without_blanks_at_the_end([_text(cell) for cell in row]) for row in shown]


def _formulas(content: bytes) -> Iterator[list[bool]]:
    """For each row of the first sheet which cells have a formula."""
    book = openpyxl.load_workbook(BytesIO(content), read_only=True)
    with closing(book):
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        for row in islice(sheet.iter_rows(max_col=MAX_COLUMNS), MAX_ROWS + 2):
            yield [cell.data_type == "f" for cell in row]


def _mark_without_value(rows: list[list[str]], formulas: Iterator[list[bool]]) -> None:
    """A formula that no spreadsheet program has worked out reads as an empty cell, which it does not look like."""
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
    """What a cell of Excel says: a number without its decimals, and yes or no."""
    value = cell.value
    if value is None:
        return " " if cell.data_type == "str" else ""  # a formula that comes to an empty text has a value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _text_cell(sheet: Any, text: str) -> Any:
    text = comparable(text)
    # What would lose an apostrophe when it is read gets another.
    cell = WriteOnlyCell(sheet, value=f"'{text}" if _QUOTED.match(text) else text)
    cell.data_type = "s"  # openpyxl takes "=…" for a formula
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell
