"""Calls through stock boto3: what is spoken, their outcomes, and one call for one client token."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from sandbox.aws.answers import model
from sandbox.aws.connect.contacts import Contact, Contacts
from sandbox.aws.connect.parameters import check
from tests.sandbox.conftest import CLINICIAN, INSTANCE, SWITCHBOARD, AwsClients

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-2/connect/aws4_request, Signature=x"
}


def describe(aws: AwsClients, contact_id: str) -> dict[str, Any]:
    return dict(aws.connect.describe_contact(InstanceId=INSTANCE, ContactId=contact_id)["Contact"])


def refused(aws: AwsClients, **asked: Any) -> str:
    with pytest.raises(ClientError) as error:
        aws.ring(**asked)
    assert aws.messages(missed="true") == []
    return error.value.response["Error"]["Code"]


def test_a_call_speaks_the_message_and_then_the_digits_one_by_one(aws: AwsClients) -> None:
    contact_id = aws.ring(ClientToken="delivery-1")
    [message] = aws.messages()
    assert message["channel"] == "call"
    assert message["to"] == CLINICIAN
    assert message["sender"] == SWITCHBOARD
    assert message["text"] == "Blood results are ready for patient 123456789"
    assert message["spoken"] == "Blood results are ready for patient 1 2 3 4 5 6 7 8 9"
    assert message["provider_id"] == contact_id
    assert message["client_token"] == "delivery-1"
    assert message["outcome"] == "answered"
    assert message["attributes"]["Message2"] == "123456789"


def test_a_call_without_digits_speaks_the_message_alone(aws: AwsClients) -> None:
    aws.ring(Attributes={"Message": "Please call the ward"})
    assert aws.texts() == ["Please call the ward"]


def test_an_answered_call_is_described_with_its_times(aws: AwsClients) -> None:
    contact = describe(aws, aws.ring())
    assert contact["InitiationTimestamp"] <= contact["ConnectedToSystemTimestamp"]
    assert contact["ConnectedToSystemTimestamp"] <= contact["DisconnectTimestamp"]
    assert contact["DisconnectReason"] == "CONTACT_FLOW_DISCONNECT"
    assert contact["CustomerEndpoint"]["Address"] == CLINICIAN
    assert contact["Attributes"]["Message2"] == "123456789"


@pytest.mark.parametrize(("kind", "reason"), [("busy", "TELECOM_BUSY"), ("no_answer", "TELECOM_TIMEOUT")])
def test_a_call_that_is_not_answered_is_accepted_and_missed(aws: AwsClients, kind: str, reason: str) -> None:
    aws.misbehave("connect:StartOutboundVoiceContact", kind, times=1)
    contact_id = aws.ring()
    contact = describe(aws, contact_id)
    assert "ConnectedToSystemTimestamp" not in contact
    assert contact["DisconnectReason"] == reason
    assert aws.messages() == []
    [missed] = aws.messages(missed="true")
    assert missed["outcome"] == kind
    assert missed["provider_id"] == contact_id


def test_a_ringing_call_can_be_stopped_and_an_ended_one_cannot(aws: AwsClients) -> None:
    aws.misbehave("connect:StartOutboundVoiceContact", "no_answer", times=1, seconds=3600)
    contact_id = aws.ring()
    assert "DisconnectTimestamp" not in describe(aws, contact_id)
    aws.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact_id)
    assert describe(aws, contact_id)["DisconnectReason"] == "TELECOM_ORIGINATOR_CANCEL"
    with pytest.raises(ClientError) as error:
        aws.connect.stop_contact(InstanceId=INSTANCE, ContactId=contact_id)
    assert error.value.response["Error"]["Code"] == "ContactNotFoundException"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410


def test_a_key_press_can_be_recorded_as_the_flow_does(aws: AwsClients) -> None:
    contact_id = aws.ring()
    pressed = {"Pressed": "1"}
    aws.connect.update_contact_attributes(
        InstanceId=INSTANCE, InitialContactId=contact_id, Attributes=pressed
    )
    attributes = aws.connect.get_contact_attributes(InstanceId=INSTANCE, InitialContactId=contact_id)
    assert attributes["Attributes"]["Pressed"] == "1"
    assert attributes["Attributes"]["Message2"] == "123456789"
    assert aws.messages()[0]["attributes"].keys() == {"Message", "Message2"}


@pytest.mark.parametrize("instance", ["another", "arn:aws:connect:eu-west-2:123456789012:instance/another"])
def test_a_contact_is_known_on_its_own_instance_only(aws: AwsClients, instance: str) -> None:
    contact_id = aws.ring(InstanceId=instance)
    described = aws.connect.describe_contact(InstanceId=instance, ContactId=contact_id)
    assert described["Contact"]["Id"] == contact_id
    with pytest.raises(ClientError) as error:
        describe(aws, contact_id)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


class TestClientToken:
    """The same token within 7 days is the same call."""

    def test_a_repeat_gives_the_first_contact_and_does_not_ring_again(self, aws: AwsClients) -> None:
        first = aws.ring(ClientToken="repeated", Attributes={"Message": "First"})
        second = aws.ring(ClientToken="repeated", Attributes={"Message": "Second"})
        assert second == first
        assert aws.texts() == ["First"]

    def test_another_token_rings_again(self, aws: AwsClients) -> None:
        assert aws.ring(ClientToken="one") != aws.ring(ClientToken="another")
        assert len(aws.messages()) == 2

    def test_the_same_token_on_another_instance_rings_again(self, aws: AwsClients) -> None:
        assert aws.ring(ClientToken="shared") != aws.ring(ClientToken="shared", InstanceId="another")

    def test_calls_without_a_token_are_calls_of_their_own(self, aws: AwsClients) -> None:
        body = {
            "DestinationPhoneNumber": CLINICIAN,
            "ContactFlowId": "flow",
            "InstanceId": INSTANCE,
            "SourcePhoneNumber": SWITCHBOARD,
        }
        url = f"{aws.url}/contact/outbound-voice"
        for _ in range(2):
            requests.put(url, json=body, headers=SIGNED, timeout=10).raise_for_status()
        assert len(aws.messages()) == 2

    def test_it_rings_once_when_two_ask_at_once(
        self, aws: AwsClients, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        both_have_looked = Barrier(2)
        look = Contacts.started_with

        def look_together(contacts: Contacts, instance_id: str, token: str | None) -> str | None:
            found = look(contacts, instance_id, token)
            with suppress(BrokenBarrierError):
                both_have_looked.wait(timeout=0.2)
            return found

        monkeypatch.setattr(Contacts, "started_with", look_together)
        with ThreadPoolExecutor(2) as threads:
            contact_ids = set(threads.map(lambda _: aws.ring(ClientToken="raced"), range(2)))
        assert len(contact_ids) == 1
        assert len(aws.messages()) == 1

    def test_it_is_forgotten_after_seven_days(self) -> None:
        now = datetime(2026, 1, 1, tzinfo=UTC)
        contacts = Contacts(now=lambda: now)
        contact = Contact(INSTANCE, CLINICIAN, started_at=now, rings_until=now)
        contacts.place(contact, "token")
        now += timedelta(days=7, seconds=-1)
        assert contacts.started_with(INSTANCE, "token") == contact.contact_id
        now += timedelta(seconds=1)
        assert contacts.started_with(INSTANCE, "token") is None


class TestLimits:
    """Connect refuses invalid calls."""

    def test_a_source_is_required(self, aws: AwsClients) -> None:
        body: dict[str, Any] = {
            "DestinationPhoneNumber": CLINICIAN,
            "ContactFlowId": "flow",
            "InstanceId": INSTANCE,
        }
        with pytest.raises(ClientError) as error:
            aws.connect.start_outbound_voice_contact(**body)
        assert error.value.response["Error"]["Code"] == "InvalidRequestException"

    def test_a_queue_will_do_as_a_source(self, aws: AwsClients) -> None:
        body: dict[str, Any] = {
            "DestinationPhoneNumber": CLINICIAN,
            "ContactFlowId": "flow",
            "InstanceId": INSTANCE,
        }
        contact_id = aws.connect.start_outbound_voice_contact(**body, QueueId="queue")["ContactId"]
        assert describe(aws, contact_id)["QueueInfo"]["Id"] == "queue"

    @pytest.mark.parametrize("number", ["07700900123", "447700900123", "+44 7700 900123", "ward 5"])
    def test_numbers_are_e164(self, aws: AwsClients, number: str) -> None:
        assert refused(aws, to=number) == "InvalidParameterException"
        assert refused(aws, SourcePhoneNumber=number) == "InvalidParameterException"

    def test_it_rings_for_15_to_60_seconds(self, aws: AwsClients) -> None:
        assert refused(aws, RingTimeoutInSeconds=61) == "InvalidParameterException"
        for seconds in (15, 60):
            assert aws.ring(RingTimeoutInSeconds=seconds)

    def test_it_refuses_14_seconds_even_from_a_client_that_does_not_check(self, aws: AwsClients) -> None:
        body = {
            "DestinationPhoneNumber": CLINICIAN,
            "ContactFlowId": "flow",
            "InstanceId": INSTANCE,
            "SourcePhoneNumber": SWITCHBOARD,
            "RingTimeoutInSeconds": 14,
        }
        url = f"{aws.url}/contact/outbound-voice"
        response = requests.put(url, json=body, headers=SIGNED, timeout=10)
        assert response.status_code == 400
        assert response.headers["x-amzn-errortype"] == "InvalidRequestException"
        assert "RingTimeoutInSeconds" in response.json()["Message"]

    def test_a_token_has_500_characters_at_most(self, aws: AwsClients) -> None:
        assert refused(aws, ClientToken="x" * 501) == "InvalidParameterException"

    def test_a_traffic_type_is_one_of_two(self, aws: AwsClients) -> None:
        assert refused(aws, TrafficType="SPAM") == "InvalidParameterException"

    @pytest.mark.parametrize("attributes", [{"with space": "x"}, {"Ünsafe": "x"}])
    def test_attribute_keys_are_plain(self, aws: AwsClients, attributes: dict[str, str]) -> None:
        assert refused(aws, Attributes=attributes) == "InvalidParameterException"

    def test_attributes_have_32768_bytes_in_all(self, aws: AwsClients) -> None:
        assert aws.ring(Attributes={"Message": "é" * 16_380 + "x"})
        aws.delete("/messages")
        assert refused(aws, Attributes={"Message": "é" * 16_381}) == "InvalidParameterException"

    @pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"InstanceId": 5}'])
    def test_a_malformed_body_is_an_invalid_request(self, aws: AwsClients, body: bytes) -> None:
        url = f"{aws.url}/contact/outbound-voice"
        response = requests.put(url, data=body, headers=SIGNED, timeout=10)
        assert response.status_code == 400
        assert response.headers["x-amzn-errortype"] == "InvalidRequestException"


def test_a_described_contact_says_nothing_that_the_model_does_not_know(aws: AwsClients) -> None:
    url = f"{aws.url}/contacts/{INSTANCE}/{aws.ring()}"
    contact = requests.get(url, headers=SIGNED, timeout=10).json()["Contact"]
    shape = model("connect").shape_for("Contact")
    report = ParamValidator().validate(contact, shape)
    assert not report.has_errors(), report.generate_report()
    assert json.dumps(contact)


def test_the_model_itself_is_what_input_is_held_to() -> None:
    shape = model("connect").operation_model("StopContact").input_shape
    assert shape is not None
    check(shape, {"ContactId": "a", "InstanceId": "b"})
    with pytest.raises(Exception, match='Missing required parameter in input: "InstanceId"'):
        check(shape, {"ContactId": "a"})


def test_the_rest_of_connect_is_left_to_moto(aws: AwsClients) -> None:
    assert aws.connect.list_instances()["InstanceSummaryList"] == []
