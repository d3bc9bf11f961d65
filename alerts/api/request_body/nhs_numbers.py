"""Finds NHS numbers, however they are written: what leaves the hospital must not name patients.

Ten digits whose check digit is right. One in eleven other groups of ten digits looks like one, so telephone numbers,
dates, and times in seconds are kept apart by their shape.
"""

import re
import unicodedata

from stdnum.gb import nhs

from spelling.normal import INVISIBLE

_BETWEEN = r"[^0-9A-Za-z+]{1,3}"
_JOINT = r"[-/._\u2010-\u2015\u2212]"
_BEFORE = rf"(?<![0-9A-Za-z+])(?<![0-9]{_JOINT})"
"""Digits that are not the middle of a longer number or ID, such as 2026-755-438-0028."""
_AFTER = r"(?![0-9A-Za-z])(?![-/_][0-9])"
_GROUPED = re.compile(rf"{_BEFORE}([3-9]\d{{2}}){_BETWEEN}(\d{{3}}){_BETWEEN}(\d{{4}}){_AFTER}")
_HALVED = re.compile(rf"{_BEFORE}[3-9]\d{{2}}(?:{_BETWEEN}\d{{7}}|\d{{3}}{_BETWEEN}\d{{4}}){_AFTER}")
_SINGLY = re.compile(rf"{_BEFORE}[3-9](?:{_BETWEEN}\d){{9}}{_AFTER}")
_WHOLE = re.compile(rf"{_BEFORE}[3-9]\d{{9}}{_AFTER}")
_LABELLED = re.compile(
    r"(?<![A-Za-z])(?:nhs|chi)[^0-9A-Za-z]*(?:no|number|num|id)?[^0-9A-Za-z]*(\d(?:[^0-9A-Za-z]{0,3}\d){9})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ABROAD = re.compile(
    r"(?:\+|(?<![0-9])00)[1-9]\d{0,2}(?:[^0-9A-Za-z]{0,3}\(0\))?(?:[^0-9A-Za-z]{0,3}\d){6,12}"
)
"""A telephone number with its country code, such as +1 202 555 0123 and 0044 (0)20 7946 0000."""


def is_in(text: str) -> bool:
    """Whether there is an NHS number somewhere in a text.

    Ten digits that begin with 0, 1 or 2 count only after "NHS" or "CHI": they may be a date, a time in seconds, or a
    telephone number, and no NHS number of England, Wales or Northern Ireland begins so.
    """
    return _is_found(text, _GROUPED, _HALVED, _SINGLY, _WHOLE, _LABELLED)


def is_in_id(text: str) -> bool:
    """Whether an ID that a machine made is or contains an NHS number.

    Ten digits beside others in an ID, as in `lab-4012345678`, are most likely a number of the system that made it.
    """
    return _is_found(text, _GROUPED, _SINGLY, _LABELLED) or bool(
        _WHOLE.fullmatch(_plain(text)) and _is_valid(_plain(text))
    )


def is_reference(text: str) -> bool:
    """Whether a patient reference is or contains an NHS number: here any ten digits are suspect."""
    plain = _plain(text)
    has_letters = re.search("[A-Za-z]", plain)
    return is_in(text) or (not has_letters and _is_valid(plain))


def _is_found(text: str, *shapes: re.Pattern[str]) -> bool:
    without_telephones = _ABROAD.sub(" ", _plain(text))
    return any(_is_valid(each.group()) for shape in shapes for each in shape.finditer(without_telephones))


def _plain(text: str) -> str:
    """The text with all its digits as 0 to 9, and without invisible characters."""
    shown = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in shown)


def _is_valid(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(digits) == 10 and bool(nhs.is_valid(digits))  # noqa: PLR2004 - an NHS number's length
