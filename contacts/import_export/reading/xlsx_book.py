"""What is around the sheets of a workbook: their names, the texts that they share, and the formats of numbers."""

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
    """What a reader of one sheet has to know."""

    sheets: list[NamedSheet]
    strings: list[str]
    formats: list[str]
    """The format of numbers, by the number of a cell's style."""
    epoch: datetime
    """The day from which dates count: 1904 in files from old Macs."""


def read(content: bytes) -> Workbook:
    """The workbook without its sheets. openpyxl would read all of them, and takes half a minute for a million rows."""
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
