"""Names as people search for them: without accents and apostrophes, in lower case, in any order."""

import re
import unicodedata
from typing import Any

from django.db.models import TextField
from django.db.models.lookups import Contains

from spelling.normal import INVISIBLE

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc\u02b9\u2032\u00b4`]")
_DASHES = re.compile(r"[\u058a\u2010-\u2015\u2212\ufe58\ufe63]")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def fold(text: str) -> str:
    """`José O’Brien` becomes `jose obrien`."""
    letters = unicodedata.normalize("NFKD", INVISIBLE.sub("", text)).casefold().translate(_LETTERS)
    without_accents = "".join(sign for sign in letters if not unicodedata.combining(sign))
    return _DASHES.sub("-", _APOSTROPHES.sub("", without_accents))


def words(text: str) -> list[str]:
    """The folded words of what somebody searches for, without the punctuation around them."""
    return [word for each in fold(text).split() if (word := each.strip('.,;:()"“”'))]


def searchable(*texts: str) -> str:
    """What a search looks into: the texts folded, and Müller as Mueller, too."""
    joined = unicodedata.normalize("NFC", " ".join(texts)).lower()
    spelt_out = joined.translate(_SPELT_OUT)
    return fold(joined if spelt_out == joined else f"{joined} {spelt_out}")


@TextField.register_lookup
class Folded(Contains):
    """`search_text__folded="José"`: contains it, folded."""

    lookup_name = "folded"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        operator: str = connection.operators[Contains.lookup_name]
        return operator % rhs

    def get_prep_lookup(self) -> str:
        return fold(str(self.rhs)).strip('.,;:()"“”')
