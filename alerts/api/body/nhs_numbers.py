"""Finds NHS numbers, however they are written: patients must not be named by what leaves the hospital.

Ten digits whose check digit is right. One in eleven other groups of ten digits looks like one, so telephone numbers,
dates, and times in seconds are kept apart by their shape.
"""

import re
import unicodedata

from stdnum.gb import nhs

from contacts.spelling.normal import INVISIBLE

_BETWEEN = r"[^0-9A-Za-z+]{1,3}"
_GROUPED = re.compile(
    rf"(?<![0-9A-Za-z+])(?:nhs|chi)?(\d{{3}}){_BETWEEN}(\d{{3}}){_BETWEEN}(\d{{4}})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_SINGLY = re.compile(rf"(?<![0-9A-Za-z+])\d(?:{_BETWEEN}\d){{9}}(?![0-9A-Za-z])")
_WHOLE = re.compile(r"(?<![0-9A-Za-z+])[3-9]\d{9}(?![0-9A-Za-z])")
_LABELLED = re.compile(
    r"(?<![A-Za-z])(?:nhs|chi)[^0-9A-Za-z]*(?:no|number|num|id)?[^0-9A-Za-z]*(\d(?:[^0-9A-Za-z]{0,3}\d){9})(?![0-9A-Za-z])",
    re.IGNORECASE,
)
_ABROAD = re.compile(rf"\+\d{{1,3}}{_BETWEEN}\d{{3}}{_BETWEEN}\d{{3}}{_BETWEEN}\d{{4}}")
"""A telephone number with its country code, such as +1 202 555 0123."""


def is_in(text: str) -> bool:
    """Whether there is an NHS number somewhere in a text.

    Ten digits in one group that begin with 0, 1 or 2 count only after "NHS" or "CHI": they may be a date, a time in
    seconds, or a telephone number, and no NHS number of England, Wales or Northern Ireland begins so.
    """
    plain = _ABROAD.sub(" ", _plain(text))
    found = [
        *_GROUPED.finditer(plain),
        *_SINGLY.finditer(plain),
        *_WHOLE.finditer(plain),
        *_LABELLED.finditer(plain),
    ]
    return any(_is_valid(each.group()) for each in found)


def is_reference(text: str) -> bool:
    """Whether a patient reference is an NHS number, or has one in it: here any ten digits are suspect."""
    plain = _plain(text)
    has_letters = re.search("[A-Za-z]", plain)
    return is_in(text) or (not has_letters and _is_valid(plain))


def _plain(text: str) -> str:
    """With the digits 0 to 9 for all others, and without what cannot be seen."""
    shown = unicodedata.normalize("NFKC", INVISIBLE.sub("", text))
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in shown)


def _is_valid(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return len(digits) == 10 and bool(nhs.is_valid(digits))  # noqa: PLR2004 - an NHS number's length
