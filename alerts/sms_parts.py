"""The parts of an SMS: how many a text takes, and how much of it a number of parts holds.

A part holds 140 bytes: 160 characters of GSM-7, or 70 units of UTF-16 if any character is not in GSM-7. A part of
several gives 6 of them to the header that joins the parts: 153 characters or 67 units are left. Sources: 3GPP TS 23.038
(6.1.2, 6.2) and TS 23.040 (9.2.3.24.1); "SMS character limits" in the guide to AWS End User Messaging, which sends for
SNS. SNS's own guide says that it splits between words: then there may be a part more.
"""

import math
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import accumulate, takewhile
from typing import NamedTuple

MOST_BYTES = 1600
"""The longest text in bytes. SNS splits a text into parts, up to 1,600 in all: bytes in older editions of the API
reference (Publish), characters in today's. So a whole text is left to SNS, and a text that is cut anyway is cut to this
length too."""

# 3GPP TS 23.038, 6.2.1: the default alphabet without its escape, and the extension table, whose characters follow one.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM_7 = _BASIC | _EXTENSION
_ZERO_WIDTH_JOINER = "\u200d"


class _Alphabet(NamedTuple):
    alone: int
    """Units that a part holds."""
    joined: int
    """Units that a part of several holds."""
    mark: str
    """Marks a text that was cut. "…" is not in GSM-7, and would more than halve the text that a part holds."""
    is_pair: Callable[[str], bool]
    """Whether a character takes two units, which always stay in one part."""

    def widths(self, text: str) -> Iterator[int]:
        """The units of each character."""
        return (1 + pair for pair in map(self.is_pair, text))

    def room(self, parts: int) -> int:
        """The units that so many parts hold."""
        return self.alone if parts == 1 else self.joined * parts


GSM_7 = _Alphabet(alone=160, joined=153, mark="...", is_pair=_EXTENSION.__contains__)
UCS_2 = _Alphabet(alone=70, joined=67, mark="…", is_pair="\uffff".__lt__)


def count(text: str) -> int:
    """How many parts the text takes, at least."""
    alphabet = GSM_7 if _GSM_7.issuperset(text) else UCS_2
    units = len(text) + sum(map(alphabet.is_pair, text))
    if units <= alphabet.alone:
        return 1
    if units == len(text):
        return math.ceil(units / alphabet.joined)
    parts, left = 1, alphabet.joined
    for width in alphabet.widths(text):
        if width > left:
            parts, left = parts + 1, alphabet.joined
        left -= width
    return parts


def fit(write: Callable[[str], str], description: str, *, most: int) -> str:
    """The text that `write` makes of the description, in at most `most` parts and MOST_BYTES.

    Only the description is cut, and marked as cut. What `write` adds stays whole, even if it alone takes more.
    """
    whole = write(description)
    if count(whole) <= most and len(whole.encode()) <= MOST_BYTES:
        return whole
    kept, mark = _longest(write, description, len(description), most, UCS_2), UCS_2.mark
    if _GSM_7.issuperset(write("")):
        # The text before the first character that needs UCS-2 may be longer than what fits together with it.
        plain = sum(1 for _ in takewhile(_GSM_7.__contains__, description))
        start = _longest(write, description, plain, most, GSM_7)
        kept, mark = (start, GSM_7.mark) if len(start) >= len(kept) else (kept, mark)
    return write(kept + mark)


def _longest(
    write: Callable[[str], str], description: str, until: int, most: int, alphabet: _Alphabet
) -> str:
    """The longest beginning of the description that fits, without splitting a character from its marks."""
    around = write(alphabet.mark)
    room = alphabet.room(most) - sum(alphabet.widths(around))
    end = bisect_right(list(accumulate(alphabet.widths(description))), room)
    size = max(0, MOST_BYTES - len(around.encode()))
    end = min(end, until, len(description.encode()[:size].decode(errors="ignore")))
    while end and (
        _belongs_together(description[end - 1 : end + 1])
        or count(write(description[:end] + alphabet.mark)) > most
    ):
        end -= 1
    return description[:end].rstrip()


def _belongs_together(neighbours: str) -> bool:
    """Whether the second of two characters changes the first: an accent, or a part of an emoji."""
    return len(neighbours) > 1 and (
        _ZERO_WIDTH_JOINER in neighbours
        or unicodedata.category(neighbours[1]).startswith("M")
        or "\U0001f3fb" <= neighbours[1] <= "\U0001f3ff"  # skin tones
    )
