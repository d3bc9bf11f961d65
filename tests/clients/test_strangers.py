"""How many unknown tokens one address may try."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clients import strangers
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def guess(address: str = "192.0.2.1") -> int:
    headers = {"Authorization": "Bearer guessed", "X-Forwarded-For": address}
    return Client().get("/notification", headers=headers).status_code


def test_guessing_tokens_is_slowed_down_and_known_clients_are_not(sender: Sender) -> None:
    assert {guess() for _ in range(strangers.MOST_PER_MINUTE)} == {401}

    headers = {"Authorization": "Bearer guessed", "X-Forwarded-For": "192.0.2.1"}
    refused = Client().get("/notification", headers=headers)

    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 120
    assert refused.json()["detail"].startswith("Unknown token, like many before from this address.")
    assert guess("192.0.2.2") == 401
    assert sender.get("/notification", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_a_guess_writes_nothing(db: None) -> None:
    with CaptureQueriesContext(connection) as queries:
        guess()

    assert [each["sql"].split()[0] for each in queries] == ["SELECT"]


def test_only_the_newest_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "MOST_ADDRESSES", 2)
    monkeypatch.setattr(strangers, "MOST_PER_MINUTE", 1)

    seconds = [strangers.wait(address) for address in ("a", "a", "b", "c", "a")]

    assert [bool(each) for each in seconds] == [False, True, False, False, False]
