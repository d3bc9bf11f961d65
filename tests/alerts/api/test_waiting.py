"""`Prefer: wait`: the header's forms, and a wait that nobody ends. Outcomes that come in time are a flow."""

import re
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from django.db import connections
from django.db.utils import OperationalError

from alerts.api import waiting
from alerts.models import Alert, Loop
from alerts.states import ResponseKind
from contacts.models import Clinician
from tests.alerts.escalation.factories import Ask, answer, let_time_run_out
from tests.factories import an_alert
from tests.oncall.factories import make_plan
from tests.processes import ROOT, wait_until
from tests.sender import Sender


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
    assert re.search(r"web-api\).* service 2 8 ", entry_point)


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


ANSWERED = "wait=10, outcome=answered"


def meanwhile(work: Callable[[Alert], Any]) -> threading.Thread:
    """Do something with the alert once it is stored and somebody waits for it."""

    def do() -> None:
        try:
            wait_until(Loop.objects.exists, what="the alert is stored")
            work(Alert.objects.get())
        finally:
            connections.close_all()

    thread = threading.Thread(target=do)
    thread.start()
    return thread


def nobody_is_left(alert: Alert) -> None:
    answer(alert, "C-1", ResponseKind.DECLINE)
    let_time_run_out(alert)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("work", "state"), [(lambda alert: answer(alert, "C-1"), "accepted"), (nobody_is_left, "exhausted")]
)
@pytest.mark.parametrize("header", [ANSWERED, "wait=10; outcome=answered", 'WAIT=10, Outcome = "answered"'])
def test_it_waits_until_somebody_has_accepted_or_nobody_is_left(
    sender: Sender, clinician: Clinician, work: Callable[[Alert], Any], state: str, header: str
) -> None:
    make_plan(None)
    at_work = meanwhile(work)

    said = sender.post(an_alert(priority="H"), Prefer=header)
    at_work.join()

    assert (said.status_code, said.json()["responsibility"]["state"]) == (200, state)
    assert said["Preference-Applied"] == ANSWERED


@pytest.mark.django_db
def test_an_alert_that_nobody_answers_is_202_when_the_time_is_up(
    sender: Sender, clinician: Clinician
) -> None:
    make_plan(None)

    said = sender.post(an_alert(priority="H"), Prefer="wait=1, outcome=answered")

    assert (said.status_code, said.json()["responsibility"]["state"]) == (202, "undefined")


@pytest.mark.django_db
def test_a_message_taken_by_a_provider_does_not_count_as_an_answer(
    ask: Ask, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = ask()
    body = an_alert(message_id=alert.message_id, priority="H")
    slept: list[float] = []
    monkeypatch.setattr(waiting.time, "sleep", slept.append)  # type: ignore[attr-defined]
    alert.deliveries.update(state="sent", provider_id="p", finished_at=alert.created_at)

    sender.post(body, Prefer="wait=1")
    assert slept == []

    sender.post(body, Prefer="wait=1, outcome=answered")
    assert slept
    assert max(slept) == waiting.ANSWER_PAUSE >= waiting.PAUSE


@pytest.mark.django_db
def test_without_a_plan_there_is_no_answer_to_wait_for(sender: Sender, clinician: Clinician) -> None:
    said = sender.post(an_alert(), Prefer="wait=1, outcome=answered")

    assert said["Preference-Applied"] == "wait=1"
