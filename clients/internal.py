"""Bleep's own client, in whose name staff send test messages. No token can send as it: it is not active."""

import unicodedata

from clients.models import ApiClient

TESTS = "Tests by Bleep's staff"
"""Its name, by which the ledger tells tests from alerts: it cannot be changed in the admin, nor given to another."""
RESERVED = f"“{TESTS}” is Bleep's own name for its tests. Choose another."


def tests_client() -> ApiClient:
    """The client of all tests: there after `migrate`, and made again where somebody has deleted it."""
    client, _made = ApiClient.objects.get_or_create(name=TESTS, defaults={"active": False})
    return client


def is_reserved(name: str) -> bool:
    """Whether people would read it as the name of Bleep's own client, whatever its letters, spaces and apostrophe."""
    return _read(name) == _read(TESTS)


def _read(name: str) -> str:
    plain = unicodedata.normalize("NFKC", name).replace("’", "'").casefold()
    return " ".join(plain.split())
