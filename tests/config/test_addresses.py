"""The address that a request came from: only what the door and a trusted proxy have seen counts."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from config.security import addresses


@pytest.mark.parametrize(
    ("said", "trusted", "address"),
    [
        (None, False, "192.0.2.9"),  # without a door, as in tests
        ("192.0.2.1", False, "192.0.2.1"),
        ("203.0.113.66, 192.0.2.1", False, "192.0.2.1"),
        ("203.0.113.66, 192.0.2.1, 10.0.0.1", True, "192.0.2.1"),
        ("203.0.113.66, 192.0.2.1:4711, 10.0.0.1", True, "192.0.2.1"),
        ("[2001:db8::1]:4711, 10.0.0.1", True, "2001:db8::1"),
        ("2001:DB8:0::1, 10.0.0.1", True, "2001:db8::1"),
        ("10.0.0.1", True, "10.0.0.1"),  # a request that came past the proxy
        ("203.0.113.66, nonsense", False, "192.0.2.9"),
    ],
)
def test_a_clients_own_word_for_its_address_does_not_count(
    settings: Settings, said: str | None, trusted: bool, address: str
) -> None:
    settings.TRUST_PROXY = trusted
    headers = {} if said is None else {"X-Forwarded-For": said}

    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="192.0.2.9")

    assert addresses.of_client(request) == address
