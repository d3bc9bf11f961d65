"""Addresses as others may see them."""

import pytest

from contacts.masking import mask


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+447700900123", "+*********123"),
        ("someone@ward.example", "s***@ward.example"),
        ('"a@b"@ward.example', '"***@ward.example'),
        ("@ward.example", "***@ward.example"),
        ("+123", "****"),
        ("", ""),
    ],
)
def test_it_shows_enough_to_tell_two_apart_and_too_little_to_use(address: str, shown: str) -> None:
    assert mask(address) == shown
