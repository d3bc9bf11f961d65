"""Reads CSV strictly: commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252. Excel writes all of them."""

import csv
import re
from collections.abc import Callable, Iterator
from io import StringIO

from django.utils.text import get_text_list

from contacts.import_export import formulas
from contacts.import_export.reading import doubts
from contacts.import_export.reading.sheet import (
    MAX_ABOVE,
    MAX_COLUMNS,
    Budget,
    Sheet,
    SheetRow,
    UnreadableFileError,
    check_row,
    check_rows,
    is_blank,
)

EXAMPLES = 3
_WORD = re.compile(r"[^\s,;\"]+")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[;,\t]*\r?\n?', re.IGNORECASE)
_AS_FORMULA = re.compile(r'="([^"]*)"')
"""How programs write a text so that Excel keeps it."""


def read(content: bytes, *, count_known: Callable[[list[str]], int]) -> Sheet:
    """The rows. `count_known` counts the known headings among some cells: by that the delimiter is chosen.

    Raises:
        UnreadableFileError: this is not CSV.
    """
    text, notes = _decoded(content)
    text = text.lstrip("\ufeff")
    said = _SEPARATOR_LINE.match(text)
    skipped = 1 if said else 0
    if said:
        text = text[said.end() :]
    delimiter = said[1] if said else _delimiter(text, count_known)
    sheet, budget = Sheet([], notes), Budget()
    for number, cells in enumerate(_records(text, delimiter, skipped), start=1):
        budget.spend(cells=sum(map(bool, cells)))
        texts = [_without_formula(cell) for cell in _without_blanks_at_the_end(cells)]
        if is_blank(texts):
            continue
        check_row(number, texts)
        check_rows(len(sheet.rows) + 1)
        found = {place: doubts.of_csv_text(text) for place, text in enumerate(texts)}
        sheet.rows.append(SheetRow(number, texts, {place: doubt for place, doubt in found.items() if doubt}))
    return sheet


def _decoded(content: bytes) -> tuple[str, list[str]]:
    """The text, and a note if its encoding is a guess, because nothing in the file names it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\0" in content[:2]:
        encodings = ["utf-16-be" if content[:1] == b"\0" else "utf-16-le"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text, [_guessed(text)] if encoding == "cp1252" else []
    raise UnreadableFileError("The letters in this file are unknown: save it as “CSV UTF-8”, or as XLSX.")


def _guessed(text: str) -> str:
    words = dict.fromkeys(word for word in _WORD.findall(text) if not word.isascii())
    return (
        "This file is not in UTF-8: its letters were read as Windows writes them in Western Europe, such as "
        f"{get_text_list([f'“{word}”' for word in list(words)[:EXAMPLES]], 'and')}. If these are wrong, save the file "
        "as “CSV UTF-8” or XLSX, and choose it again."
    )


def _delimiter(text: str, count_known: Callable[[list[str]], int]) -> str:
    """The delimiter with which one of the first lines has the most known headings."""
    lines = StringIO(text, newline="")
    first = [lines.readline() for _ in range(MAX_ABOVE + 1)]

    def most_known(delimiter: str) -> int:
        return max(count_known(line.strip().split(delimiter, MAX_COLUMNS)[:MAX_COLUMNS]) for line in first)

    return max(",;\t", key=most_known)


def _records(text: str, delimiter: str, skipped: int) -> Iterator[list[str]]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        begins = reader.line_num + 1 + skipped
        try:
            record = next(reader, None)
        except csv.Error as error:
            if "limit" in str(error):
                raise UnreadableFileError(
                    "This is not a CSV file: save it as CSV or XLSX, and try again."
                ) from error
            raise UnreadableFileError(
                f'Line {begins} has a quote (") that is never closed, or a text after it: '
                "the lines that follow cannot be read. Correct the quotes, and choose the file again."
            ) from error
        if record is None:
            return
        yield record


def _without_blanks_at_the_end(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _without_formula(text: str) -> str:
    found = _AS_FORMULA.fullmatch(text)
    return found[1] if found else formulas.unescape_csv(text)
