"""What Excel shows for a number: `00123` for 123 in the format `00000`."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel

from contacts.import_export.reading import doubts

MAX_EXACT = 10**15
"""Excel keeps fifteen digits."""
_AS_IT_IS = re.compile(r"general|@|[#0?,]*(\.[0?#]+)?(e\+0+)?", re.IGNORECASE)
_TOKEN = re.compile(r'\\(.)|"([^"]*)"|_.|\[\$-[^\]]*\]|(.)', re.DOTALL)
_LITERAL = " -()+/"


def show(stored: str, format_: str, epoch: datetime) -> tuple[str, str]:
    """What a cell with this number shows, and what is doubtful about it.

    Raises:
        ValueError: `stored` is not a number.
    """
    value = float(stored)
    is_date, zeros, is_plain = _kind(format_)
    if is_date:
        return _date(value, format_, epoch), doubts.DATE
    if not value.is_integer():
        return f"{value:.15g}", doubts.DECIMAL
    if abs(value) >= MAX_EXACT:
        return str(int(value)), doubts.TOO_LONG
    number = int(value)
    if is_plain:
        return str(number).zfill(zeros), ""
    shown = _masked(str(number), _first(format_)) if number >= 0 else None
    return (str(number), doubts.FORMATTED) if shown is None else (shown, "")


@lru_cache(maxsize=1000)
def _kind(format_: str) -> tuple[bool, int, bool]:
    """Whether the format is of a date, the fewest digits that it shows, and whether it shows a number and no more."""
    mask = re.sub(r"_.", "", _first(format_))
    zeros = len(mask) if re.fullmatch("0+", mask) else 0
    return is_date_format(format_), zeros, bool(_AS_IT_IS.fullmatch(mask))


def _first(format_: str) -> str:
    """The format of positive numbers."""
    return format_.split(";", maxsplit=1)[0]


def _masked(digits: str, mask: str) -> str | None:
    """The digits in the places of a mask, such as `00000 000000`; None if the format is more than a mask."""
    tokens = []
    for escaped, quoted, plain in _TOKEN.findall(mask):
        if plain and plain not in f"0#?{_LITERAL}":
            return None
        tokens.append((plain in {"0", "#", "?"} and bool(plain), plain or escaped or quoted))
    places = [index for index, (is_place, _) in enumerate(tokens) if is_place]
    if not places:
        return None
    left, shown = list(digits), []
    for index in range(len(tokens) - 1, -1, -1):
        is_place, text = tokens[index]
        if not is_place:
            shown.append(text)
        elif index == places[0]:
            shown.append("".join(left) or text.strip("#?"))
        elif left:
            shown.append(left.pop())
        else:
            shown.append(text.strip("#?"))
    return "".join(reversed(shown)).strip()


def _date(value: float, format_: str, epoch: datetime) -> str:
    try:
        found: Any = from_excel(value, epoch, timedelta=is_timedelta_format(format_))
    except (OverflowError, ValueError):
        return str(value)
    if isinstance(found, datetime) and found.time() == time():
        found = found.date()
    if isinstance(found, datetime | date):
        words = f"{found.day} {found:%B %Y}"
        return f"{words}, {found:%H:%M}" if isinstance(found, datetime) else words
    return str(found) if isinstance(found, time | timedelta) else str(value)
