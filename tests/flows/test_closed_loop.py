"""Alerts that somebody is asked to take on, from POST to the key that is pressed."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db.models.functions import Now

from alerts.models import Engagement, Loop, Response
from alerts.states import Proof, Why
from contacts.choices import Priority
from contacts.models import Clinician
from oncall.models import Plan, PlanStep
from tests.conftest import PUBLIC_URL
from tests.environment import EMBEDDED, REDIS
from tests.factories import an_alert
from tests.flows.conftest import Bleep
from tests.oncall.factories import cover, make_colleague, make_plan
from tests.processes import wait_until

FIRST, SECOND, THIRD = "+447700900001", "+447700900201", "+447700900301"
LONG = timedelta(minutes=5)


class Telephones:
    """The telephones of those who are asked."""

    def __init__(self, bleep: Bleep) -> None:
        self._aws = bleep.aws

    def ring(self, number: str) -> bool:
        return any(each["to"] == number and each.get("state") == "ringing" for each in self._aws.messages())

    def answer(self, number: str, keys: str) -> None:
        """Wait until it rings, pick up, and press a key after each prompt."""
        wait_until(lambda: self.ring(number), what=f"{number} rings", seconds=30)
        self._post("answer", number=number, keys=keys)

    def reject(self, number: str) -> None:
        """Wait until it rings, and refuse the call."""
        wait_until(lambda: self.ring(number), what=f"{number} rings", seconds=30)
        self._post("reject", number=number)

    def sms(self, text: str, to: str = "") -> dict[str, Any]:
        """Wait for an SMS that says this, to a number or to anybody. There is one."""
        wait_until(lambda: self._saying(text, to), what=f"an SMS says {text}", seconds=30)
        [found] = self._saying(text, to)
        return found

    def reply(self, number: str, text: str) -> None:
        """Reply to an SMS."""
        self._post("reply", number=number, text=text)

    def _saying(self, text: str, to: str) -> list[dict[str, Any]]:
        found = [each for each in self._aws.messages() if each["channel"] == "sms" and text in each["text"]]
        return [each for each in found if to in ("", each["to"])]

    def _post(self, what: str, **body: Any) -> None:
        answer = requests.post(f"{self._aws.url}/handset/{what}", json=body, timeout=10)
        assert answer.ok, answer.text


@pytest.fixture
def colleague(clinician: Clinician) -> Clinician:
    """C-2."""
    return make_colleague("C-2", call_number=SECOND, sms_number="+447700900202", email="")


@pytest.fixture
def telephones(bleep: Bleep) -> Telephones:
    return Telephones(bleep)


def states() -> list[tuple[str, str]]:
    """Everybody who was asked, in order, and what came of it."""
    return list(Engagement.objects.values_list("clinician__contact_id", "state"))


def wait_for(*expected: tuple[str, str]) -> None:
    """Wait until these people were asked, and this came of it."""
    wait_until(lambda: states() == list(expected), what=f"{expected}", seconds=30)


def let_time_run_out() -> None:
    """As if the wait were over. A relay takes the next step up."""
    Engagement.objects.filter(ended_at=None).update(due_at=Now())
    Loop.objects.filter(ended_at=None).update(due_at=Now())


def test_a_person_who_presses_1_has_the_alert(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    telephones.answer(FIRST, "11")
    bleep.ask_about(FIRST)
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "accepted")]
    assert Response.objects.get().proof == Proof.CALL_KEY


def test_a_person_who_lets_it_ring_is_followed_by_the_next(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    wait_until(lambda: telephones.ring(FIRST), what="it rings", seconds=30)
    let_time_run_out()
    telephones.answer(SECOND, "11")
    bleep.ask_about(SECOND)
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "undefined"), ("C-2", "accepted")]
    assert telephones.sms("has been taken on by Clinician C-2.")["to"] == "+447700900002"


def test_a_person_who_presses_2_is_followed_by_the_next_at_once(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    telephones.answer(FIRST, "12")
    bleep.ask_about(FIRST)
    telephones.answer(SECOND, "11")
    bleep.ask_about(SECOND)
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "declined"), ("C-2", "accepted")]


def test_a_voicemail_accepts_nothing_and_hears_nothing(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H", description="Potassium is high for patient"))
    telephones.answer(FIRST, "")
    bleep.ask_about(FIRST)
    wait_until(
        lambda: any(each["channel"] == "sms" for each in bleep.aws.messages()),
        what="an SMS follows",
        seconds=30,
    )
    assert states() == [("C-1", "asked")]
    [call] = [each for each in bleep.aws.messages() if each["channel"] == "call"]
    assert "Potassium" not in str(call["spoken"])
    assert bleep.status("123") == "delivered", "picked up is not accepted"


def test_of_two_who_press_1_in_the_same_instant_one_has_it_and_the_other_is_told(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    wait_until(lambda: telephones.ring(FIRST), what="the first rings", seconds=30)
    let_time_run_out()
    wait_until(lambda: telephones.ring(SECOND), what="the second rings", seconds=30)
    with ThreadPoolExecutor(2) as both:
        list(both.map(lambda number: telephones.answer(number, "11"), (FIRST, SECOND)))
    bleep.ask_about(FIRST, SECOND)
    wait_until(lambda: Response.objects.count() == 2, what="both answers are kept", seconds=30)
    assert bleep.status("123") == "acknowledged"
    effects = dict(Response.objects.values_list("effect", "engagement__clinician__sms_number"))
    assert sorted(effects) == ["already_taken", "applied"]
    assert [state for _, state in states()].count("accepted") == 1
    assert telephones.sms("has been taken on by Clinician")["to"] == effects["already_taken"]


def test_people_answer_an_sms_and_one_who_declines_is_followed_by_the_next_at_once(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, priority=Priority.MEDIUM, wait=LONG)
    bleep.post(an_alert(priority="M"))
    for number, digit, said in (
        ("+447700900002", 2, "Recorded: you have declined"),
        ("+447700900202", 1, "Recorded: you have taken on"),
    ):
        asked = telephones.sms("to accept", to=number)
        code = re.search(r"Reply 1 (\d{4}) to accept, 2 \1 to decline", asked["text"])
        assert code
        telephones.reply(number, f"{digit} {code[1]}")
        assert telephones.sms(said)["to"] == number
    assert bleep.status("123") == "acknowledged"
    assert states() == [("C-1", "declined"), ("C-2", "accepted")]
    assert set(Response.objects.values_list("proof", flat=True)) == {Proof.SMS}


def test_a_scanner_that_follows_the_link_accepts_nothing_and_the_person_who_presses_the_button_does(
    bleep: Bleep, telephones: Telephones
) -> None:
    make_plan(None, priority=Priority.MEDIUM, wait=LONG)
    bleep.post(an_alert(priority="M"))
    path = telephones.sms("open https")["text"].partition(PUBLIC_URL)[2]
    assert requests.head(f"{bleep.url}{path}", timeout=20).status_code == 200
    page = requests.get(f"{bleep.url}{path}", timeout=20)
    assert page.status_code == 200
    assert states() == [("C-1", "asked")]
    once = re.search(r'name="once" value="(\w+)"', page.text)
    assert once
    said = requests.post(f"{bleep.url}{path}", {"answer": "accept", "once": once[1]}, timeout=20)
    assert "Recorded: you have taken this alert on." in said.text
    assert bleep.status("123") == "acknowledged"
    assert Response.objects.get().proof == Proof.LINK


def test_an_alert_withdrawn_while_it_rings_asks_nobody_and_a_key_comes_too_late(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    wait_until(lambda: telephones.ring(FIRST), what="it rings", seconds=30)
    withdrawn = requests.post(
        f"{bleep.url}/notification/123/withdraw", headers={"Authorization": bleep.token}, timeout=20
    )
    assert withdrawn.json()["status"] == "withdrawn"
    telephones.answer(FIRST, "11")
    bleep.ask_about(FIRST)
    wait_until(Response.objects.exists, what="the answer is kept", seconds=30)
    assert Response.objects.get().effect == "too_late"
    assert (bleep.status("123"), states()) == ("withdrawn", [("C-1", "withdrawn")])
    assert telephones.sms("has ended")["to"] == "+447700900002"
    assert not telephones.ring(SECOND)


def test_while_no_provider_works_the_next_is_asked_and_both_are_reached_afterwards(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    for service in ("connect", "sns"):
        bleep.aws.misbehave(f"{service}:*", "throttle")
    bleep.post(an_alert(priority="H"))
    let_time_run_out()
    wait_for(("C-1", "undefined"), ("C-2", "asked"))
    assert bleep.aws.messages() == []
    assert requests.delete(f"{bleep.aws.url}/faults", timeout=5).ok
    wait_until(lambda: telephones.ring(FIRST), what="the first rings after all", seconds=30)
    telephones.answer(SECOND, "11")
    bleep.ask_about(SECOND)
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "undefined"), ("C-2", "accepted")]


def test_the_covering_person_is_asked_although_the_plan_was_emptied_meanwhile(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    wait_until(lambda: telephones.ring(FIRST), what="it rings", seconds=30)
    PlanStep.objects.all().delete()
    Plan.objects.update(active=False)
    cover(colleague, make_colleague("C-3", call_number=THIRD))
    let_time_run_out()
    telephones.answer(THIRD, "11")
    bleep.ask_about(THIRD)
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "undefined"), ("C-3", "accepted")]
    assert Engagement.objects.get(number=2).why == Why.COVER


@pytest.mark.skipif(len(EMBEDDED) < 2, reason="Redis is somebody else's, and is not stopped for a test")
def test_a_person_presses_1_while_redis_is_down(bleep: Bleep, telephones: Telephones) -> None:
    make_plan(None, wait=LONG)
    REDIS.kill()
    try:
        bleep.post(an_alert(priority="H"))
        telephones.answer(FIRST, "11")
        bleep.ask_about(FIRST)
        bleep.wait_for("123", "acknowledged", seconds=30)
    finally:
        REDIS.start()
    assert states() == [("C-1", "accepted")]
