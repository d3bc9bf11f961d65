"""Files of alerts: CSV, which is sent while it is made, and XLSX, which is complete first."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import chain

import openpyxl

from alerts.admin.export.rows import HEADINGS, Export
from contacts.import_export import formulas
from contacts.import_export.formats import text_cell

ROWS_IN_A_CHUNK = 200


@dataclass(frozen=True)
class Format:
    """A format that alerts are exported in."""

    label: str
    content_type: str
    write: Callable[[Export], Iterable[bytes]]
    most: int | None = None
    """How many alerts it takes."""


def write_csv(export: Export) -> Iterator[bytes]:
    """Comma-separated values in UTF-8, in pieces; no cell is a formula, and no line ends within a cell."""
    lines: list[Iterable[str]] = [*export.about(), [], HEADINGS]
    file = StringIO(newline="")
    file.write("\ufeff")  # Excel needs the mark to recognise UTF-8
    writer = csv.writer(file)
    for number, row in enumerate(chain(lines, export.rows()), start=1):
        writer.writerow([formulas.escape(_on_one_line(cell)) for cell in row])
        if number % ROWS_IN_A_CHUNK == 0:
            yield _taken_out(file)
    yield _taken_out(file)


def write_xlsx(export: Export) -> list[bytes]:
    """An Excel workbook: the alerts, and a second sheet with what this file is. Every cell is text."""
    book = openpyxl.Workbook(write_only=True)
    for title, rows in (("Alerts", chain([HEADINGS], export.rows())), ("About", export.about())):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = "A2" if title == "Alerts" else None
        for row in rows:
            sheet.append([text_cell(sheet, cell) for cell in row])
    file = BytesIO()
    book.save(file)
    return [file.getvalue()]


FORMATS = {
    "csv": Format("CSV", "text/csv; charset=utf-8", write_csv),
    "xlsx": Format(
        "Excel (XLSX)",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        write_xlsx,
        most=20_000,
    ),
}
"""By the ending of a file's name."""


def _on_one_line(cell: str) -> str:
    return " ".join(cell.splitlines())


def _taken_out(file: StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()
