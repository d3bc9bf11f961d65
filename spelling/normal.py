"""The normal form of a line of text: what looks the same is the same.

Contact IDs, names, departments and e-mail addresses are stored in it, and looked up in it, whether they come from a
form, a file or the API.
"""

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt), and U+FFF9 to U+FFFB, which mark annotations.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Characters that a page shows as nothing."""
_OTHER_SPACES = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
_SPACES = re.compile(f"[ {_OTHER_SPACES}]+")
_AROUND = re.compile(r"^[\s\u2800]+|[\s\u2800]+$")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]")
NEVER_IN_NORMAL = "|".join(
    (INVISIBLE.pattern, _UNWANTED.pattern.replace(r"\x00", r"\x01"), f"[{_OTHER_SPACES}]", "  ")
)
"""A regular expression, for PostgreSQL too, of what the normal form never has. It misses text that is not composed."""
_NAMES = {
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a line break",
    "\x0b": "a line break",
    "\x0c": "a page break",
    "\x85": "a line break",
    "\u2028": "a line break",
    "\u2029": "a line break",
}


def normal(text: str) -> str:
    """Composed (NFC), without invisible characters, with single spaces and none around it; empty if only accents.

    Tabs, line breaks and control characters inside stay: see `unwanted`.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")  # nearly all texts, quickly
    composed = unicodedata.normalize("NFC", INVISIBLE.sub("", text))
    kept = _AROUND.sub("", _SPACES.sub(" ", composed))
    return "" if all(_says_nothing(sign) for sign in kept) else kept


def _says_nothing(sign: str) -> bool:
    """Whether it is a space or a mark on a letter, such as an accent. Without a letter nobody can read it."""
    return bool(_AROUND.fullmatch(sign)) or unicodedata.category(sign) in ("Mn", "Me")


def unwanted(text: str) -> str:
    """A sentence that names the first character that no line of text may have; empty if there is none."""
    found = _UNWANTED.search(text)
    if not found:
        return ""
    sign = found.group()
    usual = (
        "a control character" if unicodedata.category(sign) == "Cc" else "a character that nothing can show"
    )
    return f"There is {_NAMES.get(sign, usual)} in it (U+{ord(sign):04X}): take it out."


def without_unwanted(text: str) -> str:
    """The normal form, with a space for each tab and line break, and without control characters."""
    return normal(_UNWANTED.sub(lambda sign: " " if sign.group() in _NAMES else "", text))


def is_blank(text: str) -> bool:
    """Whether a page shows nothing of it that can be read."""
    return not normal(text)


def email(text: str) -> str:
    """The normal form of an e-mail address: in lower case, without the `mailto:` of a copied link.

    By RFC 5321 (2.4) letter case may matter before the @, but no mail system known tells addresses apart by it.
    """
    return normal(text).lower().removeprefix("mailto:").strip()
