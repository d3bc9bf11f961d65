"""Telephone numbers: what staff type, and what is stored."""

import re

import pytest
from hypothesis import given, strategies as st

from contacts.phone import E164, to_e164


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
        ("+1 (202) 555-0123", "+12025550123"),
    ],
)
def test_a_number_becomes_e164(typed: str, kept: str) -> None:
    assert to_e164(typed) == kept


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("07700 900123", "starts with 0, so its country code is missing"),
        ("(07700) 900123", "starts with 0, so its country code is missing"),
        ("+07700900123", "starts with 0, so its country code is missing"),
        ("7700 900123", "too many or too few digits"),
        ("20 7946 0000", "not clear which country"),
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
        ("+44 7700 9OO123", "digits only"),
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


@given(st.text(max_size=30) | st.from_regex(r"[+0]?[0-9 ()-]{1,25}", fullmatch=True))
def test_any_text_becomes_e164_or_is_refused(typed: str) -> None:
    try:
        kept = to_e164(typed)
    except ValueError:
        return
    assert re.fullmatch(E164, kept)
    assert to_e164(kept) == kept
