"""Checks the unpacked size of an XLSX file before it is read, so that a small file cannot fill the memory.

XLSX is a ZIP archive of XML. A reader keeps every element until its row or string ends, and an element takes a hundred
times its size in the archive. This check reads the XML as a stream, and keeps nothing.
"""

import contextlib
import zipfile
from io import BytesIO
from typing import IO
from xml.parsers import expat

MAX_PARTS = 500
MAX_UNPACKED = 60 * 1024 * 1024
"""Bytes of all parts. An export of 20,000 rows has 15 MB."""
MAX_STRINGS = 20 * 1024 * 1024
"""Bytes of `sharedStrings.xml`, which the reader keeps as a whole."""
MAX_UNITS = 500_000
"""Rows, or strings, in one part."""
MAX_ELEMENTS = 30_000
"""Elements in one row, or in a part without rows, such as the styles."""
_UNITS = ("row", "si")
_PIECE = 64 * 1024


class TooMuchError(Exception):
    """The file is too large to read."""


def check(content: bytes) -> bool:
    """Check all parts; return whether any has a formula.

    Raises:
        TooMuchError: one of them is too large.
        BadZipFile: this is not an archive.
    """
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts = archive.infolist()
        strings = [part for part in parts if part.filename.casefold().endswith("sharedstrings.xml")]
        if (
            len(parts) > MAX_PARTS
            or sum(part.file_size for part in parts) > MAX_UNPACKED
            or any(part.file_size > MAX_STRINGS for part in strings)
        ):
            raise TooMuchError
        has_formulas = False
        for part in parts:
            with archive.open(part) as stream:
                has_formulas |= _check_part(stream)
    return has_formulas


class _Count:
    """Counts the elements of one part."""

    def __init__(self) -> None:
        self.elements = self.units = 0
        self.has_formulas = False

    def begin(self, name: str, _attributes: object) -> None:
        self.elements += 1
        self.has_formulas |= name.rpartition(":")[2] == "f"
        if self.elements > MAX_ELEMENTS:
            raise TooMuchError

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] not in _UNITS:
            return
        self.elements, self.units = 0, self.units + 1
        if self.units > MAX_UNITS:
            raise TooMuchError

    def declare(self, *_: object) -> None:
        """Entities can expand without limit, and no spreadsheet program writes them."""
        raise TooMuchError


def _check_part(stream: IO[bytes]) -> bool:
    """Any part may be a sheet, whatever its name. The reader ignores what is not XML as well."""
    count, parser = _Count(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = count.begin, count.end
    parser.StartDoctypeDeclHandler = count.declare
    with contextlib.suppress(expat.ExpatError):
        while piece := stream.read(_PIECE):
            parser.Parse(piece)
    return count.has_formulas
