"""Bleep's own client, in whose name staff send test messages. No token can send as it: it is not active."""

from clients.models import ApiClient

TESTS = "Tests by Bleep's staff"
"""Its name, by which the ledger tells tests from alerts: it cannot be changed in the admin."""


def tests_client() -> ApiClient:
    """The client of all tests, made when it is first needed."""
    client, _made = ApiClient.objects.get_or_create(name=TESTS, defaults={"active": False})
    return client
