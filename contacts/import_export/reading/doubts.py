"""Texts that nobody is likely to have typed: a spreadsheet program has changed them, or letters were lost.

Excel turns `1-3` into a date, `00123` into 123, and a long number into `4.48E+11`. A CSV that it saves contains the
result. Each doubt is a sentence for staff: what they see, and what to do.
"""

import re

from spelling.normal import normal

AGAIN = "Format the column as Text, and type it again."
DATE = f"Excel has turned this cell into a date or a time. {AGAIN}"
BOOLEAN = f"Excel has turned this cell into TRUE or FALSE. {AGAIN}"
DECIMAL = f"A program has turned this cell into a decimal number. {AGAIN}"
SHORTENED = f"A spreadsheet has shortened this number, and digits are lost. {AGAIN}"
TOO_LONG = f"Excel keeps fifteen digits of a number, and has changed the others to 0. {AGAIN}"
FORMATTED = f"Excel shows this number in another form than the file has it. {AGAIN}"
ERROR = "This cell shows an error instead of a text: type the text."
WITHOUT_VALUE = "This cell has a formula without a value: write the text itself."
LINE_BREAK = "There is a line break in this cell, perhaps because a quote is missing: write it on one line."
LOST_LETTER = "A letter in this cell was lost on the way: type it again, and save as XLSX or “CSV UTF-8”."
MERGED = "This cell is merged with another one, and has no text of its own: undo the merging, and fill it in."

_MONTH = "jan|feb|mar|mär|mrz|apr|may|mai|jun|jul|aug|sept?|oct|okt|nov|dec|dez"
_DAY, _YEAR = r"\d{1,2}", r"(\d{2}|(19|20)\d{2})"
_TIME = r"\d{1,2}:\d{2}(:\d{2})?( ?[ap]m)?"
_LETTER = r"[^\W\d_]"
# The second byte of a letter in UTF-8, as it looks in Windows-1252, and which of these people write after a word.
_SECOND = re.escape(bytes(range(0x80, 0xC0)).decode("cp1252", "ignore")) + r"\x80-\x9f"
_PUNCTUATION = "\u00a0‘’“”–—…«»‹›·"
_LOST = (
    "�|ï»¿|â€|√|‚Ä",  # the last two: UTF-8 as an old Mac reads it
    f"Ã[{_SECOND}]",
    f"[ÄÅ](?![{_PUNCTUATION}])[{_SECOND}]|[ÄÅ](?!’)[{_SECOND}](?={_LETTER})",
    f"(?:[Â-ß][{_SECOND}]){{2}}",
    # An old Mac's letters in Windows-1252: capitals and signs in the middle of a word.
    rf"ƒ|[a-zà-ÿ][ŠŒŽŸ]|{_LETTER}[ŠŒŽŸ][a-z]|{_LETTER}(?:[§ˆ‰¾]|[†‡‹›˜™®¯¿€‚„•]{_LETTER})|[a-z]Õ|Õ[A-Z][a-z]",
    rf"{_LETTER}\?{_LETTER}",
)
"""The look of letters that were written in one encoding and read in another."""
_NOT_AVAILABLE = "YOK|HIÁNYZIK|SAKNAS|NENÍ_K_DISPOZICI|GETTING_DATA"
_NUMBERED = "err|erro|error|errore|erreur|fehler|fout|feil|fejl|fel|virhe|chyba|błąd|hiba|hata|ошибка|ош"
"""LibreOffice's word for an error, in several languages."""


def _pattern(*texts: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{text})" for text in texts), re.IGNORECASE)


_ALWAYS = (
    (_pattern(r"\d([.,]\d+)?E[+-]\d{2,}"), SHORTENED),
    (_pattern(r"\d+[.,]0{1,2}", r"\d{4,}[.,]0+"), DECIMAL),
    (
        _pattern(
            rf"#(?:##+|n[avd]|{_LETTER}/{_LETTER}!?|[¿¡]?[\w/]+[!?]|{_NOT_AVAILABLE})",
            rf"(?:{_NUMBERED})\.? ?: ?5\d\d",
        ),
        ERROR,
    ),
)
"""Each pattern matches a whole text."""
_LINE_BREAK = re.compile(r"[\r\n\v\f\x85\u2028\u2029]|_x000[dD]_")
_LOST_LETTER = re.compile("|".join(_LOST))
_IN_CSV = (
    (
        _pattern(
            rf"({_DAY}[/.]){{2}}{_YEAR}( {_TIME})?",
            rf"(19|20)\d{{2}}-\d{{2}}-\d{{2}}([ T]{_TIME})?",
            rf"{_DAY}[-. ]{{1,2}}({_MONTH})\.?([- ]{_YEAR})?",
            rf"({_MONTH})\.?[- ]{_YEAR}",
            _TIME,
        ),
        DATE,
    ),
    (re.compile("TRUE|FALSE|WAHR|FALSCH"), BOOLEAN),
)
"""Doubts that also apply to XLSX. Excel keeps texts apart from dates there, and leaves them alone."""


def of_text(text: str) -> str:
    """The doubt about a text; empty if there is none."""
    line = normal(text)
    found = next((sentence for pattern, sentence in _ALWAYS if pattern.fullmatch(line)), "")
    if found:
        return found
    if _LINE_BREAK.search(line):
        return LINE_BREAK
    if text.isascii() and "?" not in text:
        return ""  # nearly all texts, quickly
    return LOST_LETTER if _LOST_LETTER.search(text) else ""  # the normal form lacks some of its characters


def of_csv_text(text: str) -> str:
    """The doubt about a text from CSV, which may have gone through Excel; empty if there is none."""
    found = (sentence for pattern, sentence in _IN_CSV if pattern.fullmatch(normal(text)))
    return next(found, "") or of_text(text)
