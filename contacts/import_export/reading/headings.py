"""Finds the row of headings, and the column for each: by our names, the site's labels, and other common words."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from django.utils.text import Truncator, capfirst

from contacts.choices import Priority
from contacts.import_export.columns import COLUMNS, KEY, PRIORITIES
from contacts.import_export.reading.sheet import MAX_ABOVE, SheetRow, UnreadableFileError, is_blank
from contacts.models import Clinician

MAX_HEADING = 100
"""Characters of a heading."""
NAMED = 8
"""How many cells a sentence quotes of a row without headings."""
MAX_QUOTED = 40
"""How many characters of a heading a sentence quotes."""
_ALSO = {
    KEY: "id, staff no, staff id, employee no, employee id, personnel no, payroll no, clinician id, user id",
    "name": "full name, clinician, clinician name, staff name, display name",
    "role": "job title, job, position, grade, post, profession",
    "department": "ward, unit, dept, team, specialty, speciality, division",
    "call_number": "phone, phone no, telephone, telephone no, tel, tel no, landline, call, phone for calls",
    "sms_number": "mobile, mobile no, mobile phone, mobile phone no, cell, cell phone, sms, text no, mobile for sms",
    "email": "mail, mail address, work email, email id",
    "active": "status, enabled, is active, in use",
    "high": "high priority, channels for high, h",
    "medium": "medium priority, channels for medium, m",
    "low": "low priority, channels for low, l",
}
"""Other words for a column, in any letter case, with spaces, hyphens or underscores. “no” also stands for number, no.,
# or nr."""


def label(column: str) -> str:
    """The site's label of a column: `Number for calls`."""
    if column in PRIORITIES:
        return Priority(PRIORITIES[column]).label
    field_: Any = Clinician._meta.get_field(column)  # noqa: SLF001 - Django's documented API
    return str(capfirst(field_.verbose_name))


@dataclass
class Headings:
    """The row of headings."""

    row: SheetRow
    places: dict[str, int] = field(default_factory=dict)
    """The column for each place, by our name."""
    unknown: list[str] = field(default_factory=list)
    """Headings for which we have no column."""

    def notes(self) -> list[str]:
        """Notes on how headings were understood, if that is not obvious."""
        taken = [
            f"“{_quoted(self.row.texts[place])}” as {label(column)}"
            for column, place in self.places.items()
            if _plain(self.row.texts[place]) not in {_plain(column), _plain(label(column))}
        ]
        found = []
        if taken:
            found.append(f"Headings were taken for our columns: {', '.join(taken)}.")
        if self.unknown:
            names = ", ".join(f"“{_quoted(text)}”" for text in self.unknown)
            found.append(f"Not read, because we have no such column: {names}.")
        return found


def count_known(texts: Iterable[str]) -> int:
    """How many different columns these cells name."""
    return len({_column(text) for text in texts} - {""})


def find(rows: Sequence[SheetRow]) -> Headings:
    """The headings: the first row that names the contact ID, after a few other rows at most, such as a title.

    Raises:
        UnreadableFileError: there is none, or it names a column twice or wrongly. One sentence for each fault.
    """
    for row in rows[: MAX_ABOVE + 1]:
        if KEY in map(_column, row.texts):
            return _headings(row)
    best = max(rows[: MAX_ABOVE + 1], key=lambda row: count_known(row.texts))
    is_first = best is rows[0]
    texts = [text for text in best.texts if not is_blank([text])]
    quoted = ", ".join(f"“{_quoted(text)}”" for text in texts[:NAMED])
    raise UnreadableFileError(
        f"The column {KEY} is missing, which identifies the clinician.",
        f"{'The first row' if is_first else f'Row {best.number}'} has: {quoted}{', …' if texts[NAMED:] else ''}.",
        f"A file needs {KEY}, and name for new people. It may have {', '.join(COLUMNS[2:])}.",
    )


def _headings(row: SheetRow) -> Headings:
    found = Headings(row)
    faults = []
    for place, text in enumerate(row.texts):
        column = _column(text)
        if column in found.places:
            first = row.texts[found.places[column]]
            faults.append(
                f"The column {column} appears twice: remove one."
                if _plain(first) == _plain(text)
                else f"“{_quoted(first)}” and “{_quoted(text)}” both stand for {label(column)}: remove one."
            )
        elif column:
            found.places[column] = place
        elif not is_blank([text]):
            found.unknown.append(text)
            meant = get_close_matches(_plain(text), _OURS, n=1, cutoff=0.75)
            if meant:
                faults.append(f"There is no column “{_quoted(text)}”. Do you mean {_OURS[meant[0]]}?")
    if faults:
        raise UnreadableFileError(*faults)
    return found


def _quoted(text: str) -> str:
    words = " ".join(text.split())
    return Truncator(words).chars(MAX_QUOTED)


def _plain(text: str) -> str:
    """The letters and digits alone, in lower case: `staffno` for `Staff No.`, `STAFF_NUMBER` and `Staff #`."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("#", "no")
    without_brackets = re.sub(r"\(.*?\)|\[.*?\]", "", folded)
    letters = re.sub(r"[\W_]+", "", without_brackets or folded)
    return re.sub(r"(?<=.)(number|num|nr)$|^number(?=for)", "no", letters)


_OURS = {_plain(word): column for column in COLUMNS for word in (column, label(column))}
_KNOWN = {_plain(word): column for column, words in _ALSO.items() for word in words.split(",")} | _OURS


def _column(text: str) -> str:
    """The column for a heading; empty if we know none."""
    return _KNOWN.get(_plain(text), "") if len(text) <= MAX_HEADING else ""
