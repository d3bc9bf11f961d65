"""Telephone numbers: turns what staff type into E.164, or into a sentence about the error."""

import contextlib
import re
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.db import models

from contacts.spelling.fields import AsStored

E164 = r"^\+[1-9][0-9]{4,14}$"
"""A plus and at most fifteen digits, the first not 0 (ITU-T E.164)."""
_IS_E164 = re.compile(rf"(?:{E164})?\Z")
MIN_DIGITS_WITH_COUNTRY_CODE = 11
"""Digits from which a number without a plus is read with a country code: few national numbers are as long."""
# White space, dashes, brackets, and invisible marks that telephones put around copied numbers.
_SEPARATORS = re.compile(r"[\s\-.()/\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
MIN_SEARCH_DIGITS = 3
_EXAMPLE = "Write it with its country code, for example +44 7700 900123."


def to_e164(text: str) -> str:
    """Return `text` as an E.164 number.

    `00` in front is read as a plus, and a missing plus is added: the published sample writes `447000000000`. Any
    *possible* number passes (its length fits its country), since new ranges come into use before libraries know. Only
    a short one without plus or `00` must be in a range that is in use: 20 7946 0000 lacks its country, and would ring
    in Egypt.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    compact = _SEPARATORS.sub("", phonenumbers.normalize_digits_only(text, keep_non_digits=True))
    digits = compact.removeprefix("+") if compact.startswith("+") else compact.removeprefix("00")
    if not digits.isdecimal():
        raise ValueError(f"A telephone number has digits only, and no extension. {_EXAMPLE}")
    if digits.startswith("0"):
        raise ValueError(f"This number starts with 0, so its country code is missing. {_EXAMPLE}")
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException as error:
        is_unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        fault = "No country has this country code." if is_unknown else "This number is too short."
        raise ValueError(f"{fault} {_EXAMPLE}") from error
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise ValueError(f"This number has too many or too few digits for its country. {_EXAMPLE}")
    if (
        digits == compact
        and len(digits) < MIN_DIGITS_WITH_COUNTRY_CODE
        and not phonenumbers.is_valid_number(number)
    ):
        raise ValueError(f"It is not clear which country this number is in. {_EXAMPLE}")
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not re.fullmatch(E164, e164):
        raise ValueError(f"A telephone number has at most fifteen digits. {_EXAMPLE}")
    if phonenumbers.parse(e164) != number:  # +43 00000000 loses a zero each time it is parsed
        raise ValueError(f"This number starts with too many zeros. {_EXAMPLE}")
    return e164


def search_digits(text: str) -> set[str]:
    """The digits to search stored numbers for, when somebody enters `text` as a number or a part of one.

    A national number, 07700 900123, matches in any country. Empty if `text` is not a number.
    """
    compact = _SEPARATORS.sub("", phonenumbers.normalize_digits_only(text, keep_non_digits=True))
    digits = compact.removeprefix("+")
    if not digits.isdecimal() or len(digits) < MIN_SEARCH_DIGITS:
        return set()
    found = {digits.lstrip("0") or digits}
    with contextlib.suppress(ValueError):  # a part of a number, or a national one
        found.add(to_e164(text).removeprefix("+"))
    return found


def readable(e164: str) -> str:
    """An E.164 number in groups: `+44 7700 900123`. Raises NumberParseException for anything else."""
    number = phonenumbers.parse(e164)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


class E164Field(models.CharField[str, str]):
    """A telephone number, stored as E.164; blank if there is none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 16, "blank": True, "default": "", **kwargs})

    def get_prep_value(self, value: Any) -> Any:
        # Parsing doubles the time to save a row, and most numbers have been parsed before.
        return value if isinstance(value, str) and _IS_E164.match(value) else super().get_prep_value(value)

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": AsStored, "read": self.to_python, **kwargs})

    def to_python(self, value: Any) -> Any:
        if not value or not str(value).strip():
            return ""
        try:
            return to_e164(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="not_e164") from error
