"""`Prefer: wait`: the header's forms, and a wait that nobody ends. Outcomes that come in time are a flow."""

import threading
from typing import NoReturn

import pytest
from django.db.utils import OperationalError

from alerts.api import waiting
from contacts.models import Clinician
from tests.conftest import Sender, an_alert


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10", 10),
        ("wait=10; foo=bar", 10),
        ("wait=9999", waiting.LONGEST),
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

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert answer["Preference-Applied"] == "wait=1"


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
def test_a_database_that_goes_away_while_waiting_does_not_unsay_that_the_alert_is_stored(
    sender: Sender, clinician: Clinician, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> NoReturn:
        raise OperationalError

    monkeypatch.setattr(waiting, "stored", lambda _alert: away())

    answer = sender.post(an_alert(), Prefer="wait=1")

    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert len(answer.json()["deliveries"]) == 1
