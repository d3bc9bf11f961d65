"""Checks the unpacked size of an XLSX file before it is read, so that a small file cannot fill the memory.

An XLSX file is a ZIP archive of XML. openpyxl keeps every element of a part, or of a string, and an element takes a
hundred times its size in the archive. This check reads the XML as a stream, and keeps nothing.
"""

import contextlib
import zipfile
from io import BytesIO
from typing import IO
from xml.parsers import expat

from contacts.import_export.reading.sheet import Budget

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


def check(content: bytes, budget: Budget) -> None:
    """Check all parts.

    Raises:
        UnreadableFileError: it takes too long.
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
        for part in parts:
            with archive.open(part) as stream:
                _check_part(stream, budget)


class _Count:
    """Counts the elements of one part."""

    def __init__(self) -> None:
        self.elements = self.units = 0

    def begin(self, _name: str, _attributes: object) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise TooMuchError

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] not in _UNITS:
            return
        self.elements, self.units = 0, self.units + 1
        if self.units > MAX_UNITS:
            raise TooMuchError

    def declare(self, *_: object) -> None:
        """Refuse entities. They can expand without limit, and no spreadsheet program writes them."""
        raise TooMuchError


def _check_part(stream: IO[bytes], budget: Budget) -> None:
    """Check every part that is XML, whatever its name, because any of them may be read. Pictures, for example, are not
    XML.
    """
    count, parser = _Count(), expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = count.begin, count.end
    parser.StartDoctypeDeclHandler = count.declare
    with contextlib.suppress(expat.ExpatError):
        while piece := stream.read(_PIECE):
            budget.spend()
            parser.Parse(piece)
