"""Texts that a spreadsheet program would take for a formula.

A cell that begins with =, +, -, @, a tab or a line break is a formula, and a formula can send the file's content
elsewhere (https://owasp.org/www-community/attacks/CSV_Injection). Such a cell gets an apostrophe in front, which
reading removes. Reading also removes the apostrophe that people and programs put before a number to keep it a text.

Where Excel separates cells with semicolons or tabs, as in much of Europe, it does the same with our files: then quotes
in the middle of a line mean nothing to it, and a new cell begins after each semicolon of a text.
"""

import re

_DANGEROUS = r"[=+\-@\t\r\n＝＋－＠]"
_FORMULA = re.compile(f"'*{_DANGEROUS}")
_QUOTED = re.compile(rf"'+(?:{_DANGEROUS}|\d+\Z)")
_WITHIN = re.compile(rf"(?<=[;\t])(?='*{_DANGEROUS})")
_QUOTED_WITHIN = re.compile(rf"(?<=[;\t])'(?='*{_DANGEROUS})")


def escape(text: str) -> str:
    """The text for a CSV cell. No formula begins anywhere in it."""
    text = _WITHIN.sub("'", text)
    return f"'{text}" if _FORMULA.match(text) or _QUOTED.match(text) else text


def escape_again(text: str) -> str:
    """The text for an XLSX cell, which is never a formula. An apostrophe is added only where reading would remove
    one.
    """
    return f"'{text}" if _QUOTED.match(text) else text


def unescape(text: str) -> str:
    """The reverse of `escape_again`, also for what people and programs write in the same way."""
    return text[1:] if _QUOTED.match(text) else text


def unescape_csv(text: str) -> str:
    """The reverse of `escape`."""
    return _QUOTED_WITHIN.sub("", unescape(text))
