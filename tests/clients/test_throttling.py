"""How many requests a client may make a minute."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from alerts.models import Alert
from clients import tokens
from clients.models import ApiClient
from clients.throttling import ClientRateThrottle, windows
from clients.windows import Window
from contacts.models import Clinician
from tests.clients.conftest import Clock
from tests.factories import an_alert
from tests.limits import THREADS, all_at_once
from tests.sender import Sender

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    windows.clear()
    yield
    windows.clear()


def statuses(sender: Sender, requests: int) -> list[int]:
    return [sender.get("/notification").status_code for _ in range(requests)]


def test_requests_over_a_clients_limit_are_refused(lab: ApiClient, sender: Sender) -> None:
    ApiClient.objects.update(requests_per_minute=2)

    assert statuses(sender, 4) == [200, 200, 429, 429]


def test_the_default_limit_applies_to_a_client_without_one(sender: Sender, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 3

    assert statuses(sender, 4) == [200, 200, 200, 429]


@pytest.mark.parametrize(("own", "expected"), [(1, [200, 429, 429]), (3, [200, 200, 200])])
def test_a_clients_limit_overrides_the_default(
    lab: ApiClient, sender: Sender, settings: Settings, own: int, expected: list[int]
) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 2
    ApiClient.objects.update(requests_per_minute=own)

    assert statuses(sender, 3) == expected


def test_clients_are_limited_separately(sender: Sender, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    radiology = Sender(tokens.issue(client=ApiClient.objects.create(name="Radiology"))[1])
    assert statuses(sender, 2) == [200, 429]

    assert statuses(radiology, 1) == [200]


def test_tokens_of_a_client_share_its_limit(lab: ApiClient, sender: Sender, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1
    second = Sender(tokens.issue(client=lab)[1])

    assert statuses(sender, 1) + statuses(second, 1) == [200, 429]


def test_a_refusal_says_when_to_retry(lab: ApiClient, sender: Sender) -> None:
    ApiClient.objects.update(requests_per_minute=1)
    sender.get("/notification")

    refused = sender.get("/notification")

    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "throttled"


def test_an_alert_over_the_limit_is_not_stored(lab: ApiClient, sender: Sender, clinician: Clinician) -> None:
    ApiClient.objects.update(requests_per_minute=1)
    sender.post({})

    assert sender.post(an_alert()).status_code == 429
    assert not Alert.objects.exists()


def test_a_client_that_polls_too_often_can_still_send(
    lab: ApiClient, sender: Sender, clinician: Clinician
) -> None:
    ApiClient.objects.update(requests_per_minute=1)
    assert statuses(sender, 2) == [200, 429]

    assert sender.post(an_alert(priority="H")).status_code == 202


def test_a_client_that_sends_too_much_can_still_poll(
    lab: ApiClient, sender: Sender, clinician: Clinician
) -> None:
    ApiClient.objects.update(requests_per_minute=1)
    assert [sender.post(an_alert()).status_code for _ in range(2)] == [202, 429]

    assert statuses(sender, 1) == [200]


def test_a_request_without_a_known_token_counts_for_no_client(sender: Sender, settings: Settings) -> None:
    settings.RATE_LIMIT_PER_MINUTE = 1

    assert statuses(Sender("x"), 3) == [401, 401, 401]
    assert statuses(sender, 1) == [200]


def test_no_request_of_many_at_once_goes_uncounted(lab: ApiClient) -> None:
    lab.requests_per_minute = THREADS // 2

    def ask() -> bool:
        request: Any = RequestFactory().post("/notification")
        request.user = lab
        return ClientRateThrottle().allow_request(request, None)

    assert sorted(all_at_once(ask)) == [False] * (THREADS - THREADS // 2) + [True] * (THREADS // 2)


def taken(window: Window, limit: int, requests: int) -> int:
    return sum(window.wait(limit) == 0 for _ in range(requests))


def test_requests_of_the_minute_before_count_less_and_less(clock: Clock) -> None:
    window = Window()
    assert taken(window, limit=10, requests=20) == 10

    clock.seconds += 60 + 30

    assert taken(window, limit=10, requests=20) == 5

    clock.seconds += 60 + 60  # a minute without any

    assert taken(window, limit=10, requests=20) == 10


@pytest.mark.parametrize("at", [1, 20, 59])
@pytest.mark.parametrize("limit", [1, 7])
def test_a_request_succeeds_after_the_wait_that_it_was_told(clock: Clock, at: int, limit: int) -> None:
    window = Window()
    taken(window, limit, requests=limit)
    clock.seconds += 60 + at
    taken(window, limit, requests=limit)

    told = window.wait(limit)
    clock.seconds += told - 1.01
    early = window.wait(limit)
    clock.seconds += 1.02

    assert told >= 1
    assert early >= 1
    assert window.wait(limit) == 0
