"""`Prefer: wait`: the header's forms, and a wait that nobody ends. Outcomes that come in time are a flow."""

import threading
from typing import NoReturn

import pytest
from django.db.utils import OperationalError

from alerts.api import waiting
from contacts.models import Clinician
from tests.conftest import Sender, an_alert
from tests.processes import ROOT


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10", 10),
        ("wait=10; foo=bar", 10),
        ("wait=9999", waiting.MAX_SECONDS),
        ("wait=0", 0),
        ("", 0),
        ("wait", 0),
        ("wait=-5", 0),
        ("wait=ten", 0),
        ("await=10", 0),
        ("wait=99999999999999999999", 0),
    ],
)
def test_the_seconds_are_read_from_the_header(header: str, seconds: int) -> None:
    assert waiting.seconds_preferred(header) == seconds


@pytest.mark.django_db
def test_an_alert_that_nobody_delivers_is_answered_with_202_when_the_time_is_up(
    sender: Sender, clinician: Clinician
) -> None:
    answer = sender.post(an_alert(), Prefer="wait=1")

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer["Preference-Applied"] == "wait=1"


@pytest.mark.parametrize(
    ("threads", "seats"), [("8", 4), ("9", 4), ("2", 1), ("1", 1), ("100", 16), (None, 1), ("many", 1)]
)
def test_half_of_the_threads_may_wait(threads: str | None, seats: int) -> None:
    assert waiting.seats(threads) == seats


def test_the_entry_point_says_how_many_threads_there_are() -> None:
    entry_point = (ROOT / "deploy" / "entrypoint").read_text()

    assert "export GRANIAN_HOST GRANIAN_WORKERS GRANIAN_BLOCKING_THREADS" in entry_point
    assert "web-api) service 2 8" in entry_point


@pytest.mark.django_db
def test_one_request_too_many_does_not_wait(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_left = threading.BoundedSemaphore(1)
    none_left.acquire()
    monkeypatch.setattr(waiting, "_seats", none_left)

    answer = sender.post(an_alert(), Prefer="wait=30")

    assert answer.status_code == 202
    assert "Preference-Applied" not in answer


@pytest.mark.django_db
def test_the_seat_is_given_back_after_waiting(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = threading.BoundedSemaphore(1)
    monkeypatch.setattr(waiting, "_seats", one)

    sender.post(an_alert(), Prefer="wait=1")

    assert one.acquire(blocking=False)


@pytest.mark.django_db
def test_a_database_that_fails_while_waiting_does_not_hide_that_the_alert_is_stored(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> NoReturn:
        raise OperationalError

    monkeypatch.setattr(waiting, "stored", lambda _alert: away())

    answer = sender.post(an_alert(), Prefer="wait=1")

    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert len(answer.json()["deliveries"]) == 1
