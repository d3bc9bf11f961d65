"""Stories of alerts that somebody is asked to take on, from POST to the key that is pressed."""

import re
from datetime import timedelta
from typing import Any

import pytest
import requests

from alerts.models import Engagement, Response
from alerts.states import Proof
from contacts.choices import Priority
from contacts.models import Clinician
from tests.conftest import PUBLIC_URL, an_alert
from tests.flows.conftest import Bleep
from tests.oncall.factories import make_colleague, make_plan
from tests.processes import wait_until

FIRST, SECOND = "+447700900001", "+447700900201"
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

    def sms(self, text: str) -> dict[str, Any]:
        """Wait for an SMS that says this."""
        wait_until(lambda: self._saying(text), what=f"an SMS says {text}", seconds=30)
        return self._saying(text)[0]

    def reply(self, number: str, text: str) -> None:
        """Reply to an SMS."""
        self._post("reply", number=number, text=text)

    def _saying(self, text: str) -> list[dict[str, Any]]:
        return [each for each in self._aws.messages() if each["channel"] == "sms" and text in each["text"]]

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


def test_a_person_who_presses_1_has_the_alert(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    telephones.answer(FIRST, "11")
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "accepted")]
    assert Response.objects.get().proof == Proof.CALL_KEY


def test_a_person_who_lets_it_ring_is_followed_by_the_next(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=timedelta(seconds=5))
    bleep.post(an_alert(priority="H"))
    telephones.answer(SECOND, "11")
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "undefined"), ("C-2", "accepted")]


def test_a_person_who_presses_2_is_followed_by_the_next_at_once(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H"))
    telephones.answer(FIRST, "12")
    telephones.answer(SECOND, "11")
    bleep.wait_for("123", "acknowledged")
    assert states() == [("C-1", "declined"), ("C-2", "accepted")]


def test_a_voicemail_accepts_nothing_and_hears_nothing(
    bleep: Bleep, colleague: Clinician, telephones: Telephones
) -> None:
    make_plan(None, colleague, wait=LONG)
    bleep.post(an_alert(priority="H", description="Potassium is high for patient"))
    telephones.answer(FIRST, "")
    wait_until(
        lambda: any(each["channel"] == "sms" for each in bleep.aws.messages()),
        what="an SMS follows",
        seconds=30,
    )
    assert states() == [("C-1", "asked")]
    [call] = [each for each in bleep.aws.messages() if each["channel"] == "call"]
    assert "Potassium" not in str(call["spoken"])
    assert bleep.status("123") == "delivered", "picked up is not accepted"


def test_two_people_press_1(bleep: Bleep, colleague: Clinician, telephones: Telephones) -> None:
    make_plan(None, colleague, wait=timedelta(seconds=5))
    bleep.post(an_alert(priority="H"))
    wait_until(lambda: telephones.ring(FIRST) and telephones.ring(SECOND), what="both ring", seconds=30)
    telephones.answer(FIRST, "11")
    telephones.answer(SECOND, "11")
    bleep.wait_for("123", "acknowledged")
    wait_until(lambda: Response.objects.count() == 2, what="both answers are kept", seconds=30)
    assert sorted(Response.objects.values_list("effect", flat=True)) == ["already_taken", "applied"]
    assert [state for _, state in states()].count("accepted") == 1


def test_a_person_who_replies_to_an_sms_has_the_alert(bleep: Bleep, telephones: Telephones) -> None:
    make_plan(None, priority=Priority.MEDIUM, wait=LONG)
    bleep.post(an_alert(priority="M"))
    said = telephones.sms("to accept")
    code = re.search(r"Reply 1 (\d{4}) to accept, 2 \1 to decline", said["text"])
    assert code
    telephones.reply(said["to"], f"1 {code[1]}")
    bleep.wait_for("123", "acknowledged")
    assert Response.objects.get().proof == Proof.SMS
    assert telephones.sms("Recorded: you have taken on")["to"] == said["to"]


def test_a_person_who_opens_the_link_has_the_alert_once_they_say_so(
    bleep: Bleep, telephones: Telephones
) -> None:
    make_plan(None, priority=Priority.MEDIUM, wait=LONG)
    bleep.post(an_alert(priority="M"))
    path = telephones.sms("open https")["text"].partition(PUBLIC_URL)[2]
    page = requests.get(f"{bleep.url}{path}", timeout=20)
    assert page.status_code == 200
    assert states() == [("C-1", "asked")]
    once = re.search(r'name="once" value="(\w+)"', page.text)
    assert once
    said = requests.post(f"{bleep.url}{path}", {"answer": "accept", "once": once[1]}, timeout=20)
    assert "Recorded: you have taken this alert on." in said.text
    assert bleep.status("123") == "acknowledged"
    assert Response.objects.get().proof == Proof.LINK
