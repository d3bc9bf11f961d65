"""Reads the sheet of a workbook that Excel shows first, as a stream: many blank rows with formats take no memory."""

import zipfile
from io import BytesIO
from xml.parsers import expat

from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from contacts.import_export import formulas
from contacts.import_export.reading import doubts, number_formats, xlsx_book, xlsx_guard
from contacts.import_export.reading.sheet import (
    MAX_COLUMNS,
    MAX_LENGTH,
    Budget,
    Merge,
    Sheet,
    SheetRow,
    UnreadableFileError,
    check_row,
    check_rows,
    is_blank,
)

_PIECE = 64 * 1024
_VALUES = ("v", "t")


def read(content: bytes) -> Sheet:
    """The rows of the first visible sheet.

    Raises:
        UnreadableFileError: it is damaged, or too large.
    """
    try:
        budget = Budget()
        xlsx_guard.check(content, budget)
        return _read(content, budget)
    except UnreadableFileError:
        raise
    except xlsx_guard.TooMuchError as error:
        raise UnreadableFileError(
            "This file is too large when it is unpacked: split it, or copy the rows that have text into a new file."
        ) from error
    except Exception as error:
        # A damaged file can raise anything, from a KeyError to an error of the XML parser.
        raise UnreadableFileError(
            "This Excel file is damaged or protected: save it again as XLSX."
        ) from error


def _read(content: bytes, budget: Budget) -> Sheet:
    book = xlsx_book.read(content)
    visible = [sheet for sheet in book.sheets if sheet.is_visible]
    if not visible:
        raise UnreadableFileError(
            "Every sheet of this file is hidden: show the one with the list, and save it."
        )
    reader = _SheetReader(book, budget)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.begin, reader.end
    parser.CharacterDataHandler = reader.add
    with zipfile.ZipFile(BytesIO(content)) as archive, archive.open(visible[0].part) as stream:
        while piece := stream.read(_PIECE):
            budget.spend()
            parser.Parse(piece)
        parser.Parse(b"", True)  # noqa: FBT003 - it takes no keyword
    reader.sheet.notes.extend(_which(book.sheets, visible))
    return reader.sheet


def _which(sheets: list[xlsx_book.NamedSheet], visible: list[xlsx_book.NamedSheet]) -> list[str]:
    """A note on which sheet was read, if there are several."""
    others = ", ".join(
        f"“{sheet.name}”{'' if sheet.is_visible else ' (hidden)'}"
        for sheet in sheets
        if sheet is not visible[0]
    )
    if not others:
        return []
    first = "the first one" if len(visible) > 1 else "the one that is not hidden"
    return [f"The sheet “{visible[0].name}” was read, {first}. Not read: {others}."]


class _SheetReader:
    """Gets the elements of a sheet one after the other, and keeps what a person would see."""

    def __init__(self, book: xlsx_book.Workbook, budget: Budget) -> None:
        self.sheet = Sheet([])
        self._budget = budget
        self._book = book
        self._row = SheetRow(0, [])
        self._place = -1
        self._cell: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._is_value = self._has_formula = self._is_phonetic = False

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            place = attributes.get("r")
            self._place = coordinate_to_tuple(place)[1] - 1 if place else self._place + 1
            self._cell, self._text, self._length, self._has_formula = attributes, [], 0, False
        elif name in _VALUES:
            self._is_value = not self._is_phonetic
        elif name == "row":
            number = int(attributes.get("r", self._row.number + 1))
            self._row = SheetRow(number, [], is_hidden=_is_true(attributes.get("hidden")))
            self._place = -1
        elif name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "mergeCell":
            first_place, first_row, last_place, last_row = range_boundaries(attributes["ref"])
            self.sheet.merges.append(Merge(first_row, last_row, first_place - 1, last_place - 1))
        elif name == "col" and _is_true(attributes.get("hidden")):
            last = min(int(attributes["max"]), MAX_COLUMNS)
            self.sheet.hidden_places.update(range(int(attributes["min"]) - 1, last))

    def add(self, text: str) -> None:
        if self._is_value and self._length <= MAX_LENGTH:
            self._text.append(text)
            self._length += len(text)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if name == "c":
            if self._text or self._has_formula:
                self._end_cell()
        elif name in _VALUES:
            self._is_value = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "row" and not is_blank(self._row.texts):
            check_row(self._row.number, self._row.texts)
            check_rows(len(self.sheet.rows) + 1)
            self.sheet.rows.append(self._row)

    def _end_cell(self) -> None:
        text, doubt = self._shown()
        if is_blank([text]):
            return
        self._budget.spend(cells=1)
        if self._place >= MAX_COLUMNS:
            raise UnreadableFileError(f"Row {self._row.number} has more than {MAX_COLUMNS} columns.")
        texts = self._row.texts
        texts.extend([""] * (self._place + 1 - len(texts)))
        texts[self._place] = text
        if doubt:
            self._row.doubts[self._place] = doubt

    def _shown(self) -> tuple[str, str]:
        """The text that the cell shows, and the doubt about it."""
        text, kind = "".join(self._text), self._cell.get("t", "n")
        if not text:
            # The value of a formula can be an empty text. If it has no kind, nobody has calculated it.
            return ("", "") if kind == "str" else ("=", doubts.WITHOUT_VALUE)
        if kind == "s":
            text = self._book.strings[int(text)]
        elif kind == "b":
            return "TRUE" if _is_true(text) else "FALSE", doubts.BOOLEAN
        elif kind == "e":
            return text, doubts.ERROR
        elif kind == "d":
            return text, doubts.DATE
        elif kind == "n":
            format_ = self._book.formats[int(self._cell.get("s", 0))]
            return number_formats.show(text, format_, self._book.epoch)
        text = formulas.unescape(text)
        return text, doubts.of_text(text)


def _is_true(text: str | None) -> bool:
    return text in {"1", "true"}
