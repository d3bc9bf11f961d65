"""From POST to handset."""

from pathlib import Path

import pytest

from alerts.models import Attempt, Delivery
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import an_alert, make_clinician
from tests.flows.conftest import Bleep
from tests.processes import wait_until

CALLED = "+447700900001"
TAKEN = ("sent", "delivered")
"""What becomes of a call: the provider has it; a few seconds later it says that it was picked up."""


def test_a_low_alert_arrives_as_an_email(bleep: Bleep) -> None:
    assert bleep.post(an_alert(priority="L")).status_code == 202

    [message] = bleep.wait_for_messages(1)

    assert (message["channel"], message["to"]) == ("email", "clinician@ward.example")
    assert message["subject"] == "Blood test alert"
    assert message["text"] == "Blood test results ready for patient 123456789"
    bleep.wait_for("123", "sent")


def test_a_medium_alert_arrives_as_an_sms(bleep: Bleep) -> None:
    bleep.post(an_alert(priority="M"))

    [message] = bleep.wait_for_messages(1)

    assert (message["channel"], message["to"]) == ("sms", "+447700900002")
    assert message["text"] == "Blood test results ready for patient 123456789"
    assert message["sms_attributes"]["AWS.SNS.SMS.SMSType"] == "Transactional"


def test_a_high_alert_arrives_as_a_call(bleep: Bleep) -> None:
    bleep.post(an_alert(priority="H"))

    [message] = bleep.wait_for_messages(1)

    assert (message["channel"], message["to"]) == ("call", "+447700900001")
    assert message["attributes"] == {
        "Message": "This is a message from Staff Alert. Blood test results ready for patient",
        "Message2": "123456789",
    }
    assert message["client_token"] == str(Delivery.objects.get().pk)


def test_a_call_that_is_picked_up_is_delivered(bleep: Bleep) -> None:
    """The one flow that waits until Bleep asks by itself."""
    bleep.post(an_alert(priority="H"))

    bleep.wait_for("123", "delivered")

    assert [each["state"] for each in bleep.detail("123")["deliveries"]] == ["delivered"]
    assert len(bleep.aws.messages()) == 1


@pytest.mark.parametrize(("kind", "reason"), [("busy", "busy"), ("no_answer", "not_answered")])
def test_a_call_that_nobody_picks_up_is_followed_by_an_sms(bleep: Bleep, kind: str, reason: str) -> None:
    bleep.aws.misbehave("connect:StartOutboundVoiceContact", kind, times=1)

    bleep.post(an_alert(priority="H"))
    bleep.ask_about(CALLED)

    [message] = bleep.wait_for_messages(1)
    assert message["channel"] == "sms"
    bleep.wait_for("123", "sent")
    states = [(each["channel"], each["state"], each["reason"]) for each in bleep.detail("123")["deliveries"]]
    assert states == [("call", "undelivered", reason), ("sms", "sent", "")]


@pytest.mark.proof
def test_a_call_that_nobody_picks_up_and_was_the_only_channel_fails(bleep: Bleep) -> None:
    Clinician.objects.update(sms_number="")
    bleep.aws.misbehave("connect:StartOutboundVoiceContact", "no_answer", times=1)

    bleep.post(an_alert(priority="H"))
    bleep.ask_about(CALLED)

    bleep.wait_for("123", "failed")
    assert bleep.detail("123")["deliveries"][0]["reason"] == "not_answered"


def test_the_ledger_holds_the_providers_own_id(bleep: Bleep) -> None:
    bleep.post(an_alert(priority="M"))
    [message] = bleep.wait_for_messages(1)
    bleep.wait_for("123", "sent")

    [delivery] = bleep.detail("123")["deliveries"]

    assert [attempt["provider_id"] for attempt in delivery["attempts"]] == [message["provider_id"]]


@pytest.mark.parametrize("text", ["🩸 results", "نتائج الدم جاهزة", "two\nlines", "{description} %s <b>"])
def test_text_of_any_script_arrives_as_it_was_sent(bleep: Bleep, text: str) -> None:
    bleep.post(an_alert(priority="M", description=text))

    [message] = bleep.wait_for_messages(1)

    assert message["text"] == f"{text} 123456789"


def test_waiting_gives_the_outcome_in_the_answer(bleep: Bleep) -> None:
    answer = bleep.post(an_alert(priority="M"), Prefer="wait=10")

    assert (answer.status_code, answer.json()["status"]) == (200, "sent")
    assert answer.headers["Preference-Applied"] == "wait=10"


def test_waiting_tells_of_a_failure_too(bleep: Bleep) -> None:
    bleep.aws.misbehave("sns:Publish", "reject")

    answer = bleep.post(an_alert(priority="M"), Prefer="wait=10")

    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["deliveries"][0]["reason"] == "invalid_address"


def test_a_replay_sends_nothing_and_tells_how_it_stands(bleep: Bleep) -> None:
    bleep.post(an_alert(priority="M"), Prefer="wait=10")

    again = bleep.post(an_alert(priority="M"))

    assert (again.status_code, again.json()["status"]) == (200, "sent")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert Attempt.objects.count() == len(bleep.aws.messages()) == 1


def test_a_call_that_is_refused_is_followed_by_an_sms(bleep: Bleep) -> None:
    bleep.aws.misbehave("connect:StartOutboundVoiceContact", "reject")

    bleep.post(an_alert(priority="H"))

    [message] = bleep.wait_for_messages(1)
    assert message["channel"] == "sms"
    bleep.wait_for("123", "sent")
    states = [(each["channel"], each["state"], each["reason"]) for each in bleep.detail("123")["deliveries"]]
    assert states == [("call", "failed", "not_allowed"), ("sms", "sent", "")]


def test_a_throttled_message_is_sent_when_the_provider_allows(bleep: Bleep) -> None:
    bleep.aws.misbehave("connect:StartOutboundVoiceContact", "throttle", times=2)

    bleep.post(an_alert(priority="H"))

    bleep.wait_for("123", *TAKEN)
    [delivery] = bleep.detail("123")["deliveries"]
    assert [each["state"] for each in delivery["attempts"]] == ["throttled", "throttled", "sent"]
    assert len(bleep.aws.messages()) == 1


@pytest.mark.parametrize("kind", ["error_after", "reset_after"])
def test_a_call_whose_answer_is_lost_rings_once(bleep: Bleep, kind: str) -> None:
    bleep.aws.misbehave("connect:StartOutboundVoiceContact", kind, times=1)

    bleep.post(an_alert(priority="H"))

    bleep.wait_for("123", *TAKEN)
    [delivery] = bleep.detail("123")["deliveries"]
    assert [each["state"] for each in delivery["attempts"]] == ["unknown", "sent"]
    assert not delivery["possible_duplicate"]
    assert len(bleep.aws.messages()) == 1


def test_a_high_sms_whose_answer_is_lost_is_sent_again_and_marked(bleep: Bleep) -> None:
    Clinician.objects.update(call_number="")
    bleep.aws.misbehave("sns:Publish", "error_after", times=1)

    bleep.post(an_alert(priority="H"))

    bleep.wait_for("123", "sent")
    [delivery] = bleep.detail("123")["deliveries"]
    assert delivery["possible_duplicate"]
    assert len(bleep.aws.messages()) == 2


@pytest.mark.proof
def test_a_medium_sms_whose_answer_is_lost_is_not_sent_again_and_not_called_sent(bleep: Bleep) -> None:
    bleep.aws.misbehave("sns:Publish", "error_after", times=1)

    bleep.post(an_alert(priority="M"))

    bleep.wait_for("123", "failed")
    [delivery] = bleep.detail("123")["deliveries"]
    assert (delivery["state"], delivery["reason"]) == ("unknown", "answer_lost")
    assert len(bleep.aws.messages()) == 1


def test_an_email_to_somebody_who_has_unsubscribed_is_not_called_sent_and_the_next_alert_is_refused(
    bleep: Bleep, clinician: Clinician
) -> None:
    bleep.aws.unsubscribe(clinician)

    bleep.post(an_alert(priority="L"))

    bleep.wait_for("123", "failed")
    assert bleep.detail("123")["deliveries"][0]["reason"] == "unconfirmed"
    assert bleep.aws.messages() == []
    refused = bleep.post(an_alert(message_id="124", priority="L"))
    assert (refused.status_code, refused.json()["code"]) == (422, "email_unconfirmed")


def test_a_new_address_is_made_at_aws_while_nobody_does_anything(bleep: Bleep) -> None:
    other = make_clinician("C-2", {Priority.LOW: [Channel.EMAIL]})
    Clinician.objects.filter(pk=other.pk).update(email="new@ward.example")

    wait_until(
        lambda: bleep.post(an_alert(contact_id="C-2", priority="L")).status_code == 202,
        what="the address is confirmed",
    )

    [message] = bleep.wait_for_messages(1)
    assert message["to"] == "new@ward.example"


def test_nothing_private_is_in_the_logs(bleep: Bleep, log_dir: Path) -> None:
    for priority in "LMH":
        bleep.post(an_alert(message_id=f"m-{priority}", priority=priority, description="very private words"))
    bleep.aws.misbehave("sns:Publish", "reject")
    bleep.post(an_alert(message_id="refused", priority="M", description="very private words"))
    bleep.post(an_alert(description="very private words", priority="x"))
    bleep.wait_for("refused", "failed")
    wait_until(lambda: bleep.status("m-H") in TAKEN, what="the call was placed")

    for log in sorted(log_dir.glob("*.log")):
        if log.stem != "aws":
            written = log.read_text()
            for private in ("very private words", "123456789", "7700900", "clinician@ward"):
                assert private not in written, log.name
