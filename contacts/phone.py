"""Telephone numbers: turns input into E.164, or into a sentence about the error."""

import contextlib
import re
from functools import lru_cache
from typing import Any

import phonenumbers
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from phonenumbers import PhoneNumberType

from config.env import ALL
from contacts.masking import EXPIRED
from spelling.fields import StoredAsRead
from spelling.normal import INVISIBLE

E164 = r"^\+[1-9][0-9]{4,14}$"
"""A plus and at most fifteen digits, the first not 0 (ITU-T E.164)."""
_IS_E164 = re.compile(rf"(?:{E164})?\Z")
_SEPARATORS = re.compile(r"[\s\-.()/\u2010-\u2015\u2212\u2800\ufe58\ufe63\uff0d]")
_WRAPPED = re.compile(r"""^(?:tel:|['’=]*["“]?(?=[+(\d])|')|["”]$""", re.IGNORECASE)
"""Text that comes along when a number is copied from a link, or from a spreadsheet that keeps it as text."""
_DECIMALS = re.compile(r"[^.]*\.\s*\d{1,2}")
_TWO_NUMBERS = re.compile(r".*(?:\d[^\d/]*){3}/\D*\d{1,2}")
"""`1234567/68` is two numbers, the second 1234568; but `12/34/56` is one number, in pairs."""
MIN_SEARCH_DIGITS = 3
_ASK = "Enter another one, or ask the people who run Bleep."
_EXAMPLE = "Write it with its country code, for example +44 7700 900123."


def to_e164(text: str) -> str:
    """Return `text` as an E.164 number.

    `00` in front is read as a plus. Without either, it is a number of DEFAULT_COUNTRY if it can be one: 07700 900123.
    Otherwise it must be a number in use with its country code in front, as in the published sample's 447000000000. With
    a plus any *possible* number is accepted (its length fits its country), because new ranges come into use before
    libraries know them; `call_doubt` names those that are not in use.

    Raises:
        ValueError: with a sentence for the person who typed it.
    """
    compact = _compact(text)
    is_international = compact.startswith(("+", "00"))
    digits = compact.removeprefix("+") if compact.startswith("+") else compact.removeprefix("00")
    if not digits.isdecimal():
        raise ValueError(_not_digits(digits))
    if _DECIMALS.fullmatch(_unwrapped(text)):
        raise ValueError(
            f"A point is in this number, as in a spreadsheet’s decimals: write it without. {_EXAMPLE}"
        )
    if _TWO_NUMBERS.fullmatch(_unwrapped(text)):
        raise ValueError(f"These are two numbers, with a slash between them: keep one. {_EXAMPLE}")
    number = _international(digits) if is_international else _national(digits) or _in_use(digits)
    e164 = _e164(number)
    if not re.fullmatch(E164, e164):
        raise ValueError(f"A telephone number has at most fifteen digits. {_EXAMPLE}")
    if phonenumbers.parse(e164) != number:  # +43 00000000 loses a zero each time it is parsed
        raise ValueError(f"This number starts with too many zeros. {_EXAMPLE}")
    return e164


def _compact(text: str) -> str:
    """The digits, with a plus if there is one, without separators and pasted text."""
    return _SEPARATORS.sub("", _unwrapped(text))


def _unwrapped(text: str) -> str:
    """The text as it was typed, without pasted text."""
    plain = phonenumbers.normalize_digits_only(INVISIBLE.sub("", text), keep_non_digits=True)
    return _WRAPPED.sub("", plain.strip()).strip()


def _not_digits(compact: str) -> str:
    sign = next((sign for sign in compact if not sign.isdecimal()), "")
    fault = f": “{sign}” does not belong in it" if sign.isprintable() and sign else ""
    return f"A telephone number has digits only, and no extension{fault}. {_EXAMPLE}"


def _national(digits: str) -> phonenumbers.PhoneNumber | None:
    """The number as it is dialled in DEFAULT_COUNTRY, with or without the 0 in front; None if it cannot be one."""
    country = settings.DEFAULT_COUNTRY
    if not country:
        return None
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return None
    facts: Any = phonenumbers.PhoneMetadata.metadata_for_region(country)
    has_prefix = bool(facts.national_prefix) and digits.startswith(facts.national_prefix)
    if has_prefix and _length(number) != _FITS:
        raise ValueError(f"This number has too many or too few digits for its country. {_EXAMPLE}")
    return number if has_prefix or _is_known(number) else None


def _in_use(digits: str) -> phonenumbers.PhoneNumber:
    """The number with a country code in front. It must be in use, because nothing else shows that it begins with a
    country code.
    """
    number = _international(digits)
    if not _is_known(number):
        raise ValueError(f"It is not clear which country this number is in. {_EXAMPLE}")
    return number


def _international(digits: str) -> phonenumbers.PhoneNumber:
    if digits.startswith("0"):
        raise ValueError(f"This number starts with 0, so its country code is missing. {_EXAMPLE}")
    try:
        number = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException as error:
        is_unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        fault = "No country has this country code." if is_unknown else "This number is too short."
        raise ValueError(f"{fault} {_EXAMPLE}") from error
    if _length(number) != _FITS:
        raise ValueError(f"This number has too many or too few digits for its country. {_EXAMPLE}")
    return number


_FITS = phonenumbers.ValidationResult.IS_POSSIBLE
_length = phonenumbers.is_possible_number_with_reason


def _is_known(number: phonenumbers.PhoneNumber) -> bool:
    return phonenumbers.is_valid_number(number) or _is_fictional(_e164(number))


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def search_digits(text: str) -> set[str]:
    """The digits to search stored numbers for, when somebody enters `text` as a number or a part of one.

    A national number, 07700 900123, matches in any country. Empty if `text` is not a number.
    """
    digits = _compact(text).removeprefix("+")
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


def refusal(e164: str) -> str:
    """Why this number is not allowed, as a sentence; empty if it is.

    Somebody who can change an address could let Bleep call a number that earns money with each call. Stored numbers
    stay in use until they are changed.
    """
    if not e164 or _is_fictional(e164):
        return ""
    number = phonenumbers.parse(e164)
    if not _countries(number) & {*settings.NUMBER_COUNTRIES}:
        return f"Numbers of this country (+{number.country_code}) are not allowed here. {_ASK}"
    kind = phonenumbers.number_type(number)
    if kind not in settings.NUMBER_TYPES:
        name = PhoneNumberType.to_string(kind).lower().replace("_", "-")
        return f"This is a {name} number, and these are not allowed here. {_ASK}"
    return ""


def _countries(number: phonenumbers.PhoneNumber) -> set[str]:
    """The country of the number; if that is not known, the countries that share its code."""
    known = phonenumbers.region_code_for_number(number)
    return {
        ALL,
        *([known] if known else phonenumbers.region_codes_for_country_code(number.country_code or 0)),
    }


class NumberDoubt(models.TextChoices):
    """The doubt about a number. The label ends "this number …"."""

    LANDLINE = "landline", "is a landline or a service, and cannot get an SMS"
    NOT_IN_USE = "not_in_use", "is not in use, as far as is known: a digit may be missing or wrong"


def sms_doubt(e164: str) -> NumberDoubt | None:
    """The doubt about an SMS to a number."""
    return NumberDoubt.LANDLINE if _type(e164) in _WITHOUT_SMS else call_doubt(e164)


def call_doubt(e164: str) -> NumberDoubt | None:
    """The doubt about a call to a number."""
    return NumberDoubt.NOT_IN_USE if _type(e164) == PhoneNumberType.UNKNOWN else None


@lru_cache(maxsize=50_000)  # an import asks twice for each number of 20,000 people
def _type(e164: str) -> int:
    """A PhoneNumberType: UNKNOWN if the number is not in use; mobile if there is no number, so no doubt."""
    if not e164 or _is_fictional(e164):
        return int(PhoneNumberType.MOBILE)
    return int(phonenumbers.number_type(phonenumbers.parse(e164)))


def _is_fictional(e164: str) -> bool:
    return _FICTIONAL.fullmatch(e164) is not None


_FICTIONAL = re.compile(r"\+447700900\d{3}")
"""Mobile numbers that Ofcom keeps for drama: only demos and tests use them."""
_WITHOUT_SMS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.PAGER,
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.VOICEMAIL,
    }
)


class E164Field(StoredAsRead):
    """A telephone number, stored as E.164; blank if there is none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"max_length": 16, "blank": True, "default": "", **kwargs})

    def get_prep_value(self, value: Any) -> Any:
        # Parsing doubles the time to save a row, and most numbers have been parsed before.
        if isinstance(value, str) and (value == EXPIRED or _IS_E164.match(value)):
            return value  # in the history, old numbers expire
        return super().get_prep_value(value)

    def to_python(self, value: Any) -> Any:
        if not value or not str(value).strip():
            return ""
        try:
            return to_e164(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="not_e164") from error
