"""Masked addresses."""

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
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert mask(address) == shown
