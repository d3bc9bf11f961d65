"""Bodies without a Content-Length, over the web server itself."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from alerts.models import Alert
from tests.factories import an_alert
from tests.flows.conftest import Bleep


def in_chunks(body: bytes, size: int) -> Iterator[bytes]:
    """What `requests` sends with Transfer-Encoding: chunked, since it cannot know the length."""
    for start in range(0, len(body), size):
        yield body[start : start + size]


def post(bleep: Bleep, body: bytes, size: int) -> Any:
    headers = {"Authorization": bleep.token, "Content-Type": "application/json"}
    return requests.post(f"{bleep.url}/notification", data=in_chunks(body, size), headers=headers, timeout=20)


@pytest.mark.parametrize("size", [7, 10_000])
def test_an_alert_that_is_sent_in_chunks_is_taken_whole(bleep: Bleep, size: int) -> None:
    answer = post(bleep, json.dumps(an_alert(description="x" * 1000)).encode(), size)

    assert answer.status_code == 202, answer.text
    assert Alert.objects.get().description == "x" * 1000


def test_chunks_without_end_are_too_large(bleep: Bleep) -> None:
    answer = post(bleep, b'{"description": "' + b"x" * 1_000_000, 10_000)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_no_chunks_at_all_are_an_empty_alert(bleep: Bleep) -> None:
    answer = post(bleep, b"", 1)

    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == len(an_alert())
