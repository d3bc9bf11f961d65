"""Calls that want an answer: the stand-in runs the contact flow of `deploy/aws`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.connect.flow import Conversation
from tests.sandbox.conftest import CLINICIAN, INSTANCE, AwsClients

WANTED = {"Message": "Potassium 6.9, ward 7", "Message2": "48A1", "Answer": "wanted"}
ASKED = "Staff Alert has a message for you. Press 1 to hear it."
QUESTION = "Press 1 to accept. Press 2 if you cannot. Press star to hear it again."
TOLD = f"Potassium 6.9, ward 7 4 8 A 1 {QUESTION}"
NOW = datetime(2026, 11, 29, 21, 0, tzinfo=UTC)
LONG = timedelta(minutes=10)


def press(aws: AwsClients, contact_id: str, keys: str) -> dict[str, Any]:
    response = aws.post(f"/calls/{contact_id}/keys", {"keys": keys})
    assert response.status_code == 200, response.text
    return dict(response.json())


def describe(aws: AwsClients, contact_id: str) -> dict[str, Any]:
    return dict(aws.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact_id)["Contact"])


def on_the_line(keys: str = "", **attributes: str) -> Conversation:
    conversation = Conversation({**WANTED, **attributes}, NOW)
    conversation.press(keys, NOW)
    return conversation


def spoken(conversation: Conversation, now: datetime) -> str:
    return " ".join(line.text for line in conversation.transcript(now) if line.who == "flow")


def picked_up(aws: AwsClients, number: str = CLINICIAN) -> str:
    """A call that somebody has answered and listens to. Returns the contact's id."""
    contact_id = aws.ring(number, Attributes=WANTED)
    assert aws.post("/handset/answer", {"number": number}).status_code == 200
    return contact_id


def test_nothing_of_the_message_is_said_before_a_key_is_pressed(aws: AwsClients) -> None:
    contact_id = picked_up(aws)
    [message] = aws.messages()
    assert message["spoken"] == ASKED
    contact = describe(aws, contact_id)
    assert "ConnectedToSystemTimestamp" in contact
    assert "DisconnectTimestamp" not in contact
    assert "Response" not in contact["Attributes"]


@pytest.mark.parametrize(("key", "said"), [("1", "you accept"), ("2", "you cannot")])
def test_the_key_is_kept_with_the_contact_and_said_again(aws: AwsClients, key: str, said: str) -> None:
    contact_id = picked_up(aws)
    heard = press(aws, contact_id, "1")
    assert heard == {
        "contact_id": contact_id,
        "state": "connected",
        "spoken": f"{ASKED} {TOLD}",
        "attributes": WANTED,
        "ended": False,
    }
    pressed = press(aws, contact_id, key)
    assert pressed["ended"]
    assert pressed["attributes"] == {**WANTED, "Response": key}
    contact = describe(aws, contact_id)
    assert contact["Attributes"] == {**WANTED, "Response": key}
    assert contact["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"
    [message] = aws.messages()
    assert message["spoken"].startswith(f"{ASKED} {TOLD}")
    assert f"Your answer is recorded: {said}." in message["spoken"]
    assert message["attributes"] == WANTED


def test_star_repeats_as_often_as_nine_times() -> None:
    assert spoken(on_the_line("1**"), NOW) == " ".join([ASKED, TOLD, TOLD, TOLD])
    stuck = on_the_line("1" + "*" * 30)
    assert stuck.ended_at(NOW) == NOW
    assert spoken(stuck, NOW).count("Potassium") == 10


def test_an_answer_still_counts_after_a_wrong_key_and_a_long_silence() -> None:
    conversation = on_the_line("17")
    assert conversation.ended_at(NOW) is None
    later = NOW + timedelta(seconds=25)
    assert spoken(conversation, later).count(QUESTION) == 3
    conversation.press("1", later)
    assert conversation.attributes["Response"] == "1"


@pytest.mark.parametrize("keys", ["", "2", "1", "1777"])
def test_without_an_answer_it_says_so_and_ends(keys: str) -> None:
    conversation = on_the_line(keys)
    assert spoken(conversation, NOW + LONG).endswith("No answer was recorded. Goodbye.")
    ended = conversation.ended_at(NOW + LONG)
    assert ended is not None
    assert ended < NOW + timedelta(minutes=2)
    assert "Response" not in conversation.attributes
    assert ("Potassium" in spoken(conversation, NOW + LONG)) is keys.startswith("1")


def test_keys_after_the_end_change_nothing() -> None:
    conversation = on_the_line("122")
    conversation.press("1", NOW + LONG)
    assert conversation.attributes["Response"] == "2"


def test_any_other_answer_attribute_is_none(aws: AwsClients) -> None:
    contact_id = aws.ring(Attributes={**WANTED, "Answer": "yes"})
    assert aws.messages()[0]["spoken"] == "Potassium 6.9, ward 7 4 8 A 1"
    assert "DisconnectTimestamp" in describe(aws, contact_id)
    assert aws.post(f"/calls/{contact_id}/keys", {"keys": "1"}).status_code == 404


def test_a_call_that_nobody_answered_takes_no_keys(aws: AwsClients) -> None:
    aws.misbehave("connect:StartOutboundVoiceContact", "no_answer", times=1)
    contact_id = aws.ring(Attributes=WANTED)
    assert aws.post(f"/calls/{contact_id}/keys", {"keys": "1"}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"keys": ""}, {"keys": "A"}, {"keys": 1}])
def test_invalid_keys_are_refused(aws: AwsClients, body: object) -> None:
    refused = aws.post(f"/calls/{picked_up(aws)}/keys", body)
    assert refused.status_code == 400
    assert refused.text == "Give 'keys' as a text of 0 to 9, * and #.\n"


def test_a_call_under_way_can_be_stopped(aws: AwsClients) -> None:
    contact_id = picked_up(aws)
    aws.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact_id)
    with pytest.raises(ClientError):
        aws.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact_id)
