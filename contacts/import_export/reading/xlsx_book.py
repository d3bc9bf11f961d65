"""A workbook without its sheets: their names, the texts that they share, and the formats of numbers."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet

GENERAL = "General"


@dataclass(frozen=True)
class NamedSheet:
    """A sheet of a workbook."""

    name: str
    is_visible: bool
    part: str
    """The name of its file in the archive."""


@dataclass(frozen=True)
class Workbook:
    """Data of the workbook that a reader of one sheet needs."""

    sheets: list[NamedSheet]
    strings: list[str]
    formats: list[str]
    """The number format, by the number of a cell's style."""
    epoch: datetime
    """The day from which dates count; in files from old Macs it is in 1904."""


def read(content: bytes) -> Workbook:
    """Read the workbook without its sheets. openpyxl would read all of them, which takes half a minute for a million
    rows.
    """
    reader = ExcelReader(BytesIO(content), read_only=True)
    with reader.archive:
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        sheets = [
            NamedSheet(sheet.name, sheet.state == "visible", relation.target)
            for sheet, relation in reader.parser.find_sheets()
            if "chartsheet" not in relation.Type and relation.target in reader.valid_files
        ]
    book = reader.wb
    formats = [_format(style.numFmtId, book._number_formats) for style in book._cell_styles]  # noqa: SLF001
    return Workbook(sheets, reader.shared_strings, formats, book.epoch)


def _format(number: int, own: list[str]) -> str:
    is_builtin = number < BUILTIN_FORMATS_MAX_SIZE
    return str(BUILTIN_FORMATS.get(number, GENERAL) if is_builtin else own[number - BUILTIN_FORMATS_MAX_SIZE])
