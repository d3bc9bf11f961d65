"""What each channel asks AWS for, word for word."""

import time
import uuid
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber
from pytest_django.fixtures import Settings

from alerts.channels import (
    ADAPTERS,
    ChannelError,
    Fault,
    Message,
    connect_call,
    sns_sms,
)
from alerts.states import Reason
from contacts.choices import Channel
from tests.alerts.channels.conftest import subscribed
from tests.aws import Aws

TRANSACTIONAL = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}


def test_every_channel_is_in_the_registry() -> None:
    assert set(ADAPTERS) == set(Channel)


@pytest.mark.parametrize("channel", Channel)
def test_a_repeat_arrives_once_where_the_provider_recognises_it(
    aws: Aws, message: Message, email: Message, channel: Channel
) -> None:
    each = replace(email if channel is Channel.EMAIL else message, delivery_id=str(uuid.uuid4()))
    if channel is Channel.EMAIL:
        each = replace(each, subscription=subscribed(each))

    results = [ADAPTERS[channel].send(each) for _ in range(2)]

    assert (results[0] == results[1]) is ADAPTERS[channel].recognises_repeats
    assert len(aws.messages()) == (1 if ADAPTERS[channel].recognises_repeats else 2)


def test_an_sms_is_transactional(sns: Stubber, message: Message) -> None:
    expected = {"PhoneNumber": message.address, "Message": message.sms, "MessageAttributes": TRANSACTIONAL}
    sns.add_response("publish", {"MessageId": "m-1"}, expected)

    assert sns_sms.send(message).provider_id == "m-1"


def test_an_sms_carries_sender_and_price_where_they_are_set(
    sns: Stubber, message: Message, settings: Settings
) -> None:
    settings.SMS_SENDER_ID, settings.SMS_MAX_PRICE = "Hospital", "0.50"
    attributes = {
        **TRANSACTIONAL,
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Hospital"},
        "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": "0.50"},
    }
    expected = {"PhoneNumber": message.address, "Message": message.sms, "MessageAttributes": attributes}
    sns.add_response("publish", {"MessageId": "m-1"}, expected)

    sns_sms.send(message)


def test_an_sms_comes_from_the_number_that_takes_replies(
    sns: Stubber, message: Message, settings: Settings
) -> None:
    """A sender ID cannot receive."""
    settings.SMS_SENDER_ID, settings.SMS_ORIGINATION_NUMBER = "Hospital", "+447700900800"
    number = {"DataType": "String", "StringValue": "+447700900800"}
    attributes = {**TRANSACTIONAL, "AWS.MM.SMS.OriginationNumber": number}
    expected = {"PhoneNumber": message.address, "Message": message.sms, "MessageAttributes": attributes}
    sns.add_response("publish", {"MessageId": "m-1"}, expected)

    sns_sms.send(message)


@pytest.mark.parametrize(("text", "reason"), [("é" * 801, Reason.TOO_LONG), ("é" * 800, Reason.REFUSED)])
def test_a_refusal_of_a_long_text_is_not_taken_for_a_wrong_number(
    sns: Stubber, message: Message, text: str, reason: Reason
) -> None:
    """In bytes: a description of 1,000 characters may be 4,000."""
    sns.add_client_error("publish", "InvalidParameter", "Invalid parameter", 400)

    with pytest.raises(ChannelError) as caught:
        sns_sms.send(replace(message, sms=text))

    assert (caught.value.fault, caught.value.reason) == (Fault.REJECTED, reason)


def test_the_stand_in_refuses_too_long_a_text(aws: Aws, message: Message) -> None:
    with pytest.raises(ChannelError) as caught:
        sns_sms.send(replace(message, sms="é" * 801))

    assert caught.value.reason == Reason.TOO_LONG
    assert aws.messages() == []


def test_aws_takes_the_longest_sms(aws: Aws, message: Message) -> None:
    assert sns_sms.send(replace(message, sms="é" * 800)).provider_id

    assert aws.messages()[0]["text"] == "é" * 800


def expected_call(message: Message, settings: Settings, **caller: str) -> dict[str, Any]:
    """The request for a call."""
    return {
        "InstanceId": settings.CONNECT_INSTANCE_ID,
        "ContactFlowId": settings.CONNECT_CONTACT_FLOW_ID,
        "DestinationPhoneNumber": message.address,
        "ClientToken": message.delivery_id,
        "Attributes": {"Message": message.spoken, "Message2": message.spoken_digits},
        "RingTimeoutInSeconds": 30,
        **caller,
    }


def test_a_call_is_recognised_by_the_deliverys_id(
    connect: Stubber, message: Message, settings: Settings
) -> None:
    expected = expected_call(message, settings, SourcePhoneNumber="+442079460000")
    connect.add_response("start_outbound_voice_contact", {"ContactId": "c-1"}, expected)

    assert connect_call.send(message).provider_id == "c-1"


def test_a_call_comes_from_the_queues_number_where_one_is_set(
    connect: Stubber, message: Message, settings: Settings
) -> None:
    settings.CONNECT_QUEUE_ID = "77777777-7777-7777-7777-777777777777"
    expected = expected_call(message, settings, QueueId=settings.CONNECT_QUEUE_ID)
    connect.add_response("start_outbound_voice_contact", {"ContactId": "c-1"}, expected)

    connect_call.send(message)


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.SMS])
def test_nothing_is_sent_when_the_lease_might_run_out_first(
    aws: Aws, message: Message, channel: Channel
) -> None:
    with pytest.raises(ChannelError) as caught:
        ADAPTERS[channel].send(replace(message, deadline=time.monotonic() + 5))

    assert (caught.value.fault, caught.value.reason) == (Fault.UNSENT, Reason.OUT_OF_TIME)
    assert aws.messages() == []
