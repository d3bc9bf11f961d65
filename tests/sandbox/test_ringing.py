"""Calls that want an answer ring until a person does something, or nobody did in time."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from werkzeug.wrappers import Request

from sandbox.aws.connect.contacts import Contact, Contacts
from sandbox.aws.connect.service import Connect
from sandbox.aws.connect.telephones import NoSuchCallError, Telephones
from sandbox.aws.faults import Faults
from sandbox.aws.messages import Messages
from sandbox.queues import event_queue_url
from tests.sandbox.conftest import CLINICIAN, COLLEAGUE, INSTANCE, SWITCHBOARD, AwsClients

WANTED = {"Message": "Potassium 6.9, ward 7", "Message2": "48A1", "Answer": "wanted"}
START = "connect:StartOutboundVoiceContact"


def ring(aws: AwsClients, number: str = CLINICIAN, **more: Any) -> str:
    return aws.ring(number, Attributes=WANTED, **more)


def answer(aws: AwsClients, **body: object) -> dict[str, Any]:
    response = aws.post("/handset/answer", {"number": CLINICIAN, **body})
    assert response.status_code == 200, response.text
    return dict(response.json())


def describe(aws: AwsClients, contact_id: str) -> dict[str, Any]:
    return dict(aws.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact_id)["Contact"])


def lines(message: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["who"], line["text"]) for line in message["transcript"]]


class Cabinet:
    """Telephones whose time stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
        self.contacts = Contacts(now=lambda: self.now)
        self.telephones = Telephones(self.contacts, Messages())

    def ring(self, seconds: int) -> Contact:
        contact = Contact(INSTANCE, CLINICIAN, self.now, self.now + timedelta(seconds=seconds))
        contact.attributes = dict(WANTED)
        self.contacts.place(contact, token=None)
        return contact

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


def test_a_call_rings_and_has_said_nothing(aws: AwsClients) -> None:
    contact = describe(aws, ring(aws))
    assert "ConnectedToSystemTimestamp" not in contact
    assert "DisconnectTimestamp" not in contact
    [message] = aws.messages()
    assert (message["state"], message["outcome"], message["spoken"]) == ("ringing", None, None)


@pytest.mark.parametrize(
    ("keys", "response", "last"),
    [
        ("11", "1", "Your answer is recorded: you accept. Thank you. Goodbye."),
        ("12", "2", "Your answer is recorded: you cannot. Thank you. Goodbye."),
        ("1*2", "2", "Your answer is recorded: you cannot. Thank you. Goodbye."),
        ("1", None, "No answer was recorded. Goodbye."),
        ("", None, "No answer was recorded. Goodbye."),
    ],
)
def test_it_is_answered_and_each_key_follows_a_prompt(
    aws: AwsClients, keys: str, response: str | None, last: str
) -> None:
    contact_id = ring(aws)
    told = answer(aws, keys=keys)
    assert told["contact_id"] == contact_id
    assert told["ended"]
    contact = describe(aws, contact_id)
    assert contact["Attributes"].get("Response") == response
    assert contact["ConnectedToSystemTimestamp"] <= contact["DisconnectTimestamp"]
    assert contact["DisconnectTimestamp"] <= datetime.now(UTC)
    assert contact["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"
    attributes = aws.connect.get_contact_attributes(InstanceId=INSTANCE, InitialContactId=contact_id)
    assert attributes["Attributes"] == contact["Attributes"]
    [message] = aws.messages()
    assert (message["state"], message["outcome"]) == ("ended", "answered")
    assert "".join(text for who, text in lines(message) if who == "person") == keys
    assert lines(message)[-1] == ("flow", last)
    assert ("Potassium" in message["spoken"]) is keys.startswith("1")


def test_keys_alternate_with_prompts(aws: AwsClients) -> None:
    ring(aws)
    answer(aws, keys="11")
    [message] = aws.messages()
    heard, first, told, asked, second, goodbye = lines(message)
    assert heard == ("flow", "Staff Alert has a message for you. Press 1 to hear it.")
    assert first == second == ("person", "1")
    assert told == ("flow", "Potassium 6.9, ward 7")
    assert asked[1].startswith("4 8 A 1 Press 1 to accept.")
    assert goodbye[1].startswith("Your answer is recorded")


def test_a_rejected_call_was_never_connected(aws: AwsClients) -> None:
    contact_id = ring(aws)
    assert aws.post("/handset/reject", {"number": CLINICIAN}).json()["state"] == "ended"
    contact = describe(aws, contact_id)
    assert contact["DisconnectReason"] == "TELECOM_BUSY"
    assert "ConnectedToSystemTimestamp" not in contact
    assert aws.messages() == []
    [missed] = aws.messages(missed="true")
    assert (missed["state"], missed["outcome"], missed["spoken"]) == ("ended", "rejected", None)


def test_a_person_may_hang_up_in_the_middle(aws: AwsClients) -> None:
    contact_id = ring(aws)
    assert answer(aws)["state"] == "connected"
    assert aws.post("/handset/hang-up", {"number": CLINICIAN}).status_code == 200
    assert describe(aws, contact_id)["DisconnectReason"] == "CUSTOMER_DISCONNECT"
    assert aws.messages()[0]["state"] == "ended"


def test_a_call_that_was_stopped_rings_no_more(aws: AwsClients) -> None:
    contact_id = ring(aws)
    aws.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact_id)
    assert describe(aws, contact_id)["DisconnectReason"] == "TELECOM_ORIGINATOR_CANCEL"
    assert aws.messages(missed="true")[0]["outcome"] == "stopped"
    assert aws.post("/handset/answer", {"number": CLINICIAN}).status_code == 404


def test_the_call_that_came_first_is_answered_first(aws: AwsClients) -> None:
    ring(aws, COLLEAGUE)
    first, second = ring(aws), ring(aws)
    assert [answer(aws, keys="11")["contact_id"] for _ in range(2)] == [first, second]


def test_nobody_answers_in_time() -> None:
    cabinet = Cabinet()
    contact = cabinet.ring(seconds=15)
    cabinet.wait(14)
    assert contact.state_at(cabinet.now) == "ringing"
    cabinet.wait(2)
    with pytest.raises(NoSuchCallError):
        cabinet.telephones.answer(CLINICIAN, "11")
    assert contact.record(cabinet.now)["DisconnectReason"] == "TELECOM_TIMEOUT"
    assert contact.disconnected_at == cabinet.now - timedelta(seconds=1)


@pytest.mark.parametrize(("asked", "seconds"), [({"RingTimeoutInSeconds": 20}, 20), ({}, 60)])
def test_a_call_rings_as_long_as_it_was_asked_to(asked: dict[str, int], seconds: int) -> None:
    now = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
    messages = Messages()
    connect = Connect(messages, Faults(), Contacts(now=lambda: now))
    body = {
        "DestinationPhoneNumber": CLINICIAN,
        "ContactFlowId": "flow",
        "InstanceId": INSTANCE,
        "SourcePhoneNumber": SWITCHBOARD,
        "Attributes": WANTED,
    }
    placed = connect.call(
        Request.from_values("/contact/outbound-voice", method="PUT", json={**body, **asked})
    )
    assert placed is not None
    assert placed.carry_out().status_code == 200
    now += timedelta(seconds=seconds - 1)
    connect.telephones.show()
    assert messages.newest()[0][0]["state"] == "ringing"
    now += timedelta(seconds=1)
    connect.telephones.show()
    [missed], _ = messages.newest(missed=True)
    assert (missed["state"], missed["outcome"]) == ("ended", "no_answer")


def test_a_silent_person_hears_the_call_to_its_end() -> None:
    cabinet = Cabinet()
    contact = cabinet.ring(seconds=15)
    assert not cabinet.telephones.answer(CLINICIAN, keys=None)["ended"]
    cabinet.wait(5)
    assert contact.state_at(cabinet.now) == "connected"
    cabinet.wait(115)
    assert contact.state_at(cabinet.now) == "ended"
    assert contact.disconnect_reason == "CONTACT_FLOW_DISCONNECT"
    assert contact.disconnected_at is not None
    assert contact.disconnected_at < cabinet.now


def test_a_later_event_changes_the_version_of_the_messages(aws: AwsClients) -> None:
    ring(aws)
    before = aws.get("/messages").headers["ETag"]
    answer(aws)
    assert aws.get("/messages").headers["ETag"] != before


def test_a_fault_may_let_it_ring_for_a_while(aws: AwsClients) -> None:
    aws.misbehave(START, "no_answer", times=1, seconds=3600)
    ring(aws)
    assert aws.messages()[0]["state"] == "ringing"
    assert answer(aws, keys="11")["attributes"]["Response"] == "1"


class TestVoicemail:
    """A voicemail picks up and says nothing."""

    def test_it_answers_at_once_and_accepts_nothing(self, aws: AwsClients) -> None:
        on = aws.post("/handset/voicemail", {"number": CLINICIAN, "on": True})
        assert on.json()["voicemails"] == aws.get("/handset").json()["voicemails"] == [CLINICIAN]
        contact = describe(aws, ring(aws))
        assert aws.post("/handset/voicemail", {"number": CLINICIAN, "on": False}).json()["voicemails"] == []
        assert contact["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"
        assert "Response" not in contact["Attributes"]
        [message] = aws.messages()
        assert message["voicemail"]
        assert "Potassium" not in message["spoken"]
        ring(aws)
        assert aws.messages()[0]["state"] == "ringing"


@pytest.mark.parametrize("path", ["/handset/answer", "/handset/reject", "/handset/hang-up"])
class TestBadInput:
    """Bad input is answered in a sentence."""

    @pytest.mark.parametrize(
        "number", [None, 5, "", "07700900123", "447700900123", "+44 7700 900123", "everybody"]
    )
    def test_a_number_is_e164(self, aws: AwsClients, path: str, number: object) -> None:
        refused = aws.post(path, {"number": number})
        assert refused.status_code == 400
        assert refused.text == "Give 'number' in E.164 format, such as +447700900001.\n"

    @pytest.mark.parametrize("body", [[], "x", {"numbers": CLINICIAN}, {"number": CLINICIAN, "text": "1"}])
    def test_other_fields_are_refused(self, aws: AwsClients, path: str, body: object) -> None:
        refused = aws.post(path, body)
        assert refused.status_code == 400
        assert refused.text.startswith("Give a JSON object with 'number'")

    def test_nothing_rings(self, aws: AwsClients, path: str) -> None:
        missing = aws.post(path, {"number": "+447700900999"})
        assert missing.status_code == 404
        assert missing.text.endswith(" at +447700900999.\n")


@pytest.mark.parametrize("keys", ["A", 1, ["1"], "1 1", "1" * 21])
def test_other_signs_than_keys_cannot_be_typed(aws: AwsClients, keys: object) -> None:
    ring(aws)
    refused = aws.post("/handset/answer", {"number": CLINICIAN, "keys": keys})
    assert refused.status_code == 400
    assert refused.text == "Give 'keys' as a text of 0 to 9, * and #.\n"
    assert aws.messages()[0]["state"] == "ringing"


def events(aws: AwsClients) -> list[tuple[str, str]]:
    """The events of calls that EventBridge put into the queue: which, and of which call."""
    queue: Any = boto3.client("sqs", **aws.settings())
    answer = queue.receive_message(QueueUrl=event_queue_url(aws.url), MaxNumberOfMessages=10)
    bodies = [json.loads(each["Body"]) for each in answer.get("Messages", [])]
    for body in bodies:
        assert (body["source"], body["detail-type"]) == ("aws.connect", "Amazon Connect Contact Event")
        assert body["detail"]["instanceArn"].endswith(f"instance/{INSTANCE}")
    return [(body["detail"]["eventType"], body["detail"]["contactId"]) for body in bodies]


def test_a_key_and_the_end_of_a_call_are_events_and_each_comes_once(aws: AwsClients) -> None:
    contact_id = ring(aws)
    assert events(aws) == []
    answer(aws)
    aws.post(f"/calls/{contact_id}/keys", {"keys": "1"})
    assert events(aws) == [], "it is heard, and not answered"
    aws.post(f"/calls/{contact_id}/keys", {"keys": "1"})
    assert set(events(aws)) == {("CONTACT_DATA_UPDATED", contact_id), ("DISCONNECTED", contact_id)}
    assert events(aws) == []


def test_a_call_that_nobody_answers_ends_with_an_event_though_nobody_looks(aws: AwsClients) -> None:
    aws.misbehave(START, "no_answer", seconds=0.2)
    contact_id = ring(aws)
    queue: Any = boto3.client("sqs", **aws.settings(read_timeout=30))
    answer = queue.receive_message(QueueUrl=event_queue_url(aws.url), WaitTimeSeconds=10)
    [body] = [json.loads(each["Body"]) for each in answer["Messages"]]
    assert (body["detail"]["eventType"], body["detail"]["contactId"]) == ("DISCONNECTED", contact_id)
