"""`/metrics`: only with the token."""

from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from alerts.monitoring import checks
from alerts.monitoring.findings import Finding

TOKEN = "prometheus-may-read-0123456789"
pytestmark = pytest.mark.django_db


def get(client: Client, **headers: str) -> Any:
    """GET /metrics."""
    return client.get("/metrics", headers=headers)


def test_without_a_token_in_the_settings_there_are_no_metrics(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""

    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}):
        assert get(client, **headers).status_code == 404


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer wrong", TOKEN, f"Token {TOKEN}", f"Bearer {TOKEN}0", "Bearer é"],
)
def test_without_the_token_in_the_request_it_is_refused(
    client: Client, settings: Any, authorization: str | None
) -> None:
    settings.METRICS_TOKEN = TOKEN

    answer = get(client, **({} if authorization is None else {"Authorization": authorization}))

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert b"bleep_" not in answer.content


def test_with_it_prometheus_can_read_them(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN

    answer = get(client, Authorization=f"Bearer {TOKEN}")

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    assert b'bleep_check_ok{finding="relays_silent"} 0.0' in answer.content


def test_while_the_database_is_away_they_are_unavailable(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> list[Finding]:
        raise OperationalError

    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(checks, "CHECKS", (away,))

    assert get(client, Authorization=f"Bearer {TOKEN}").status_code == 503
