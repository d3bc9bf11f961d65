"""Recognises contact IDs that people could confuse, though they are not the same."""

import re
import unicodedata

_DASHES = re.compile(r"[\u058a\u2010-\u2015\u2212\u2043\u2e3a\u2e3b\ufe58\ufe63_]")
# After casefold. By Unicode's confusables (UTS 39), what looks like a letter or a digit of an ID.
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіјѕ" + "αβεικνορτυχηζμ" + "oil|ı",
    "abekmhopctyx1js" + "abe1kvoptuxnzm" + "01111",
)


def likeness(contact_id: str) -> str:
    """Equal for IDs that look alike: `C-1`, `c-1`, `C‑1`, and `C-l`."""
    plain = unicodedata.normalize("NFKC", contact_id).casefold()
    return _DASHES.sub("-", plain).translate(_LOOK_ALIKES).replace("о", "0").translate(_LOOK_ALIKES)
