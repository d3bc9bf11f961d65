"""Writes CSV and XLSX files of clinicians. No cell is a formula, and Excel changes no text of an XLSX file."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

from contacts.import_export import formulas
from contacts.import_export.columns import COLUMNS, comparable

TEXT = "@"
"""The cell format with which Excel keeps a text as it was typed."""
_WIDTH = 22


def write_csv(rows: Iterable[Mapping[str, str]]) -> bytes:
    """Comma-separated values in UTF-8."""
    file = StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows([formulas.escape(row[column]) for column in COLUMNS] for row in rows)
    return file.getvalue().encode("utf-8-sig")  # Excel needs the mark to recognise UTF-8


def write_xlsx(rows: Iterable[Mapping[str, str]]) -> bytes:
    """An Excel workbook with one sheet. All its columns are text, even below the last row."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Clinicians")
    sheet.freeze_panes = "A2"
    for number in range(len(COLUMNS)):
        column = sheet.column_dimensions[openpyxl.utils.get_column_letter(number + 1)]
        column.width, column.number_format = _WIDTH, TEXT
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
    """A format for exporting clinicians."""

    label: str
    content_type: str
    write: Callable[[Iterable[Mapping[str, str]]], bytes]


FORMATS = {
    "xlsx": Format(
        "Excel (XLSX)", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx
    ),
    "csv": Format("CSV", "text/csv", write_csv),
}
"""By the extension of the file's name."""


def text_cell(sheet: Any, text: str) -> Any:
    """A cell for a sheet that openpyxl writes, never a formula."""
    cell = WriteOnlyCell(sheet, value=formulas.escape_again(comparable(text)))
    cell.data_type = "s"  # openpyxl treats "=…" as a formula
    cell.number_format = TEXT
    cell.quotePrefix = True
    return cell
