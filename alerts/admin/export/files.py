"""Files for auditors: CSV, which is sent while it is written, and XLSX, which is written whole first."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO, StringIO
from itertools import chain
from typing import Protocol

import openpyxl

from contacts.import_export import formulas
from contacts.import_export.formats import text_cell

ROWS_IN_A_CHUNK = 200
Cell = str | int | float


class Contents(Protocol):
    """The content of a file."""

    @property
    def title(self) -> str:
        """The name of the sheet."""

    @property
    def headings(self) -> Sequence[str]:
        """The headings of the columns."""

    def about(self) -> list[tuple[str, str]]:
        """The description of the file: pairs of a heading and its text."""

    def rows(self) -> Iterator[Sequence[Cell]]:
        """The cells of each row, as `headings` names them."""


@dataclass(frozen=True)
class Format:
    """A format of files."""

    label: str
    content_type: str
    write: Callable[[Contents], Iterable[bytes]]
    most: int | None = None
    """How many rows it takes."""


def write_csv(export: Contents) -> Iterator[bytes]:
    """Comma-separated values in UTF-8, in pieces. No cell is a formula, and no cell has a line break."""
    lines: list[Sequence[Cell]] = [*export.about(), [], export.headings]
    file = StringIO(newline="")
    file.write("\ufeff")  # Excel needs the mark to recognise UTF-8
    writer = csv.writer(file)
    for number, row in enumerate(chain(lines, export.rows()), start=1):
        writer.writerow([formulas.escape(_on_one_line(str(cell))) for cell in row])
        if number % ROWS_IN_A_CHUNK == 0:
            yield _taken_out(file)
    yield _taken_out(file)


def write_xlsx(export: Contents) -> list[bytes]:
    """An Excel workbook: the rows, and a second sheet with the description of the file. Cells are text or numbers."""
    book = openpyxl.Workbook(write_only=True)
    for title, rows in (
        (export.title, chain([export.headings], export.rows())),
        ("About", iter(export.about())),
    ):
        sheet = book.create_sheet(title)
        sheet.freeze_panes = None if title == "About" else "A2"
        for row in rows:
            sheet.append([text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in row])
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
"""By the extension of the file's name."""


def _on_one_line(cell: str) -> str:
    return " ".join(cell.splitlines())


def _taken_out(file: StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()
