"""Telephone numbers: what staff type, and what is stored."""

import re

import pytest
from hypothesis import given, strategies as st
from pytest_django.fixtures import Settings

from contacts.phone import E164, NumberDoubt, call_doubt, search_digits, sms_doubt, to_e164


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+447700900123", "+447700900123"),
        ("447000000000", "+447000000000"),
        ("00447700900123", "+447700900123"),
        ("447700900123", "+447700900123"),
        ("44 7700 900123", "+447700900123"),
        ("+44 7700 900 123", "+447700900123"),
        ("+44-7700-900.123", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("+44 07700 900123", "+447700900123"),
        ("00 44 (7700) 900/123", "+447700900123"),
        ("\u202a+44\u00a07700\u2011900123\u202c\n", "+447700900123"),
        ("+٤٤٧٧٠٠٩٠٠١٢٣", "+447700900123"),
        ("٠٠٤٤٧٧٠٠٩٠٠١٢٣", "+447700900123"),
        ("+39 06 698 12345", "+390669812345"),
        ("07700 900555", "+447700900555"),
        ("(07700) 900123", "+447700900123"),
        ("7700 900123", "+447700900123"),
        ("020 7946 0000", "+442079460000"),
        ("20 7946 0000", "+442079460000"),
        ("07912 34567", "+44791234567"),
        ("4915112345678", "+4915112345678"),
        ("+44\u22127700\u2212900123", "+447700900123"),
        ("+44\u00ad7700 900123\u200b", "+447700900123"),
        ("tel:+44-7700-900123", "+447700900123"),
        ("'447700900123", "+447700900123"),
        ("’07700 900123", "+447700900123"),
        ('="447700900123"', "+447700900123"),
        ('"+447700900123"', "+447700900123"),
        ("+33 6.12.34.56.78", "+33612345678"),
        ("+33 6/12/34/56/78", "+33612345678"),
        ("+49 30/1234567", "+49301234567"),
        ("+49 30 1234567-68", "+4930123456768"),
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_a_number_becomes_e164(typed: str, kept: str) -> None:
    assert to_e164(typed) == kept


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("0770 90", "too many or too few digits"),
        ("07700 900 1234 5", "too many or too few digits"),
        ("15112345678", "not clear which country"),
        ("491601234567.0", "A point is in this number"),
        ('="491601234567.0"', "A point is in this number"),
        ("491601234567.0\u200b", "A point is in this number"),
        ("491601234567. 0", "A point is in this number"),
        ("07700900123.0", "A point is in this number"),
        ("+49 30 1234567/68", "These are two numbers, with a slash between them"),
        ("020 7946 0123 / 4", "These are two numbers, with a slash between them"),
        ("030/1234567/68", "These are two numbers, with a slash between them"),
        ("447700900123,0", "“,” does not belong in it"),
        ("+07700900123", "starts with 0, so its country code is missing"),
        ("+44", "This number is too short"),
        ("0044", "This number is too short"),
        ("+44 7", "This number is too short"),
        ("+44 7700", "too many or too few digits"),
        ("+44 7700 900 1234 5", "too many or too few digits"),
        ("+44 999", "too many or too few digits"),
        ("+49 1511 2345 678 901", "at most fifteen digits"),
        ("+43 00000000", "too many zeros"),
        ("+4477009001234567890", "too many or too few digits"),
        ("+999 123 456 789", "No country has this country code"),
        ("999", "No country has this country code"),
        ("+44 7700 9OO123", "digits only, and no extension: “O” does not belong in it"),
        ("bleep me", "digits only"),
        ("+44 7700 900123 ext 5", "no extension"),
        ("+44 7700 900123#5", "no extension"),
        ("++447700900123", "digits only"),
        ("+44²7700900123", "too many or too few digits"),
        ("+447700900123, +447700900124", "digits only"),
        ("", "digits only"),
        ("+", "digits only"),
        ("00", "digits only"),
    ],
)
def test_an_invalid_number_is_refused_with_an_example(typed: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as refused:
        to_e164(typed)

    assert str(refused.value).endswith("Write it with its country code, for example +44 7700 900123.")


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("DE", "15112345678", "+4915112345678"),
        ("DE", "0151 12345678", "+4915112345678"),
        ("US", "202 555 0123", "+12025550123"),
        ("IE", "087 123 4567", "+353871234567"),
        ("", "447700900123", "+447700900123"),
    ],
)
def test_a_national_number_is_read_in_the_default_country(
    settings: Settings, country: str, typed: str, kept: str
) -> None:
    settings.DEFAULT_COUNTRY = country

    assert to_e164(typed) == kept


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("07700 900123", "starts with 0, so its country code is missing"),
        ("7700 900123", "too many or too few digits"),
        ("20 7946 0000", "not clear which country"),
    ],
)
def test_without_a_default_country_each_number_needs_its_code(
    settings: Settings, typed: str, complaint: str
) -> None:
    settings.DEFAULT_COUNTRY = ""

    with pytest.raises(ValueError, match=re.escape(complaint)):
        to_e164(typed)


@pytest.mark.parametrize(
    ("number", "by_sms", "by_call"),
    [
        ("", None, None),
        ("+447700900123", None, None),
        ("+447000000000", None, None),
        ("+447624000000", None, None),
        ("+12025550123", None, None),
        ("+442079460000", NumberDoubt.LANDLINE, None),
        ("+448081570123", NumberDoubt.LANDLINE, None),
        ("+44791234567", NumberDoubt.NOT_IN_USE, NumberDoubt.NOT_IN_USE),
        ("+15112345678", NumberDoubt.NOT_IN_USE, NumberDoubt.NOT_IN_USE),
    ],
)
def test_a_number_that_cannot_be_called_or_texted_is_doubted(
    number: str, by_sms: NumberDoubt | None, by_call: NumberDoubt | None
) -> None:
    assert (sms_doubt(number), call_doubt(number)) == (by_sms, by_call)


def test_a_number_is_searched_for_as_it_was_copied() -> None:
    assert search_digits("tel:07700-900123") == {"7700900123", "447700900123"}


@given(st.text(max_size=30) | st.from_regex(r"[+0]?[0-9 ()-]{1,25}", fullmatch=True))
def test_any_text_becomes_e164_or_is_refused(typed: str) -> None:
    try:
        kept = to_e164(typed)
    except ValueError:
        return
    assert re.fullmatch(E164, kept)
    assert to_e164(kept) == kept
