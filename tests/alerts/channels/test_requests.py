"""What each channel asks AWS for, word for word."""

import time
import uuid
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from pytest_django.fixtures import Settings

from alerts.channels import (
    ADAPTERS,
    ChannelError,
    Fault,
    Message,
    connect_call,
    sns_email,
    sns_sms,
)
from alerts.channels.memory import remembered
from alerts.states import Reason
from contacts.choices import Channel
from tests.conftest import Aws

TRANSACTIONAL = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
TOPIC = "arn:aws:sns:eu-west-2:123456789012:a-topic"
SUBSCRIPTION = f"{TOPIC}:a-subscription"


def test_every_channel_is_in_the_registry() -> None:
    assert set(ADAPTERS) == set(Channel)


@pytest.mark.parametrize("channel", Channel)
def test_a_repeat_arrives_once_where_the_provider_recognises_it(
    aws: Aws, message: Message, email: Message, channel: Channel
) -> None:
    each = replace(email if channel is Channel.EMAIL else message, delivery_id=str(uuid.uuid4()))

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


def prepare_topic(sns: Stubber, *, pending: str = "false") -> None:
    """SNS's answers up to the publish."""
    sns.add_response("create_topic", {"TopicArn": TOPIC})
    sns.add_response("subscribe", {"SubscriptionArn": SUBSCRIPTION})
    sns.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": pending}})


def test_an_email_goes_to_the_clinicians_own_topic(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    expected = {"TopicArn": TOPIC, "Subject": email.subject, "Message": email.text}
    sns.add_response("publish", {"MessageId": "m-1"}, expected)

    assert sns_email.send(email).provider_id == "m-1"
    sns.assert_no_pending_responses()


def look_at_subscription(sns: Stubber, *, pending: str = "false") -> None:
    """SNS's answer about a subscription that is known by now."""
    sns.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": pending}})


def test_the_next_email_creates_nothing(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    sns.add_response("publish", {"MessageId": "m-1"})
    look_at_subscription(sns)
    sns.add_response("publish", {"MessageId": "m-2"})

    sns_email.send(email)

    assert sns_email.send(email).provider_id == "m-2"


def test_an_email_to_somebody_who_has_left_since_is_not_called_sent(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    sns.add_response("publish", {"MessageId": "m-1"})
    sns_email.send(email)
    sns.add_client_error("get_subscription_attributes", "NotFound", http_status_code=404)
    prepare_topic(sns, pending="true")

    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)

    assert caught.value.reason is Reason.UNCONFIRMED


def test_an_email_to_a_pending_subscription_is_refused_since_sns_would_accept_and_drop_it(
    sns: Stubber, email: Message
) -> None:
    prepare_topic(sns, pending="true")

    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)

    assert (caught.value.fault, caught.value.reason) == (Fault.REJECTED, Reason.UNCONFIRMED)


def test_an_email_is_refused_where_nothing_says_that_the_subscription_is_confirmed(
    sns: Stubber, email: Message
) -> None:
    sns.add_response("create_topic", {"TopicArn": TOPIC})
    sns.add_response("subscribe", {"SubscriptionArn": SUBSCRIPTION})
    sns.add_response("get_subscription_attributes", {"Attributes": {"Owner": "123456789012"}})

    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)

    assert (caught.value.fault, caught.value.reason) == (Fault.REJECTED, Reason.UNCONFIRMED)


def test_the_stand_in_says_as_sns_does_whether_a_subscription_is_confirmed(aws: Aws) -> None:
    client = boto3.client("sns")
    answers = []
    for address in ("confirmed@ward.example", "pending@ward.example"):
        if address.startswith("pending"):
            aws.misbehave("sns:Subscribe", "pending", times=1)
        topic = client.create_topic(Name=address.partition("@")[0])["TopicArn"]
        made = client.subscribe(
            TopicArn=topic, Protocol="email", Endpoint=address, ReturnSubscriptionArn=True
        )
        answer = client.get_subscription_attributes(SubscriptionArn=made["SubscriptionArn"])
        answers.append(answer["Attributes"]["PendingConfirmation"])

    assert answers == ["false", "true"]


def test_an_address_in_other_letters_is_the_same_subscriber(aws: Aws, email: Message) -> None:
    for address in ("Ann@Ward.example", "ann@ward.example"):
        sns_email.send(replace(email, address=address))
        remembered.clear()

    assert [message["to"] for message in aws.messages()] == ["ann@ward.example"] * 2


def test_a_deleted_topic_is_created_again_for_the_next_email(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    sns.add_client_error("publish", "NotFound", http_status_code=404)
    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)
    assert (caught.value.fault, caught.value.reason) == (Fault.REJECTED, Reason.REFUSED)

    prepare_topic(sns)
    sns.add_response("publish", {"MessageId": "m-1"})

    assert sns_email.send(email).provider_id == "m-1"
    sns.assert_no_pending_responses()


def test_other_failures_of_a_publish_do_not_create_the_topic_again(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    sns.add_client_error("publish", "Throttled", http_status_code=429)
    with pytest.raises(ChannelError):
        sns_email.send(email)

    look_at_subscription(sns)
    sns.add_response("publish", {"MessageId": "m-1"})

    assert sns_email.send(email).provider_id == "m-1"


def test_a_topic_is_remembered_in_a_hospital_of_twenty_thousand(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)
    sns.add_response("publish", {"MessageId": "m-1"})
    sns_email.send(email)
    for number in range(40_000):  # a topic and a telephone number each
        remembered.set(f"another-{number}", number, sns_email.KEPT_FOR)

    look_at_subscription(sns)
    sns.add_response("publish", {"MessageId": "m-2"})

    assert sns_email.send(email).provider_id == "m-2"


def test_a_pending_subscription_is_looked_up_again_the_next_time(sns: Stubber, email: Message) -> None:
    prepare_topic(sns, pending="true")
    with pytest.raises(ChannelError):
        sns_email.send(email)
    prepare_topic(sns)
    sns.add_response("publish", {"MessageId": "m-1"})

    assert sns_email.send(email).provider_id == "m-1"


@pytest.mark.parametrize("step", ["create_topic", "subscribe", "get_subscription_attributes"])
def test_an_answer_that_is_lost_before_the_publish_means_that_nothing_was_sent(
    sns: Stubber, email: Message, step: str
) -> None:
    answers: dict[str, Any] = {
        "create_topic": {"TopicArn": TOPIC},
        "subscribe": {"SubscriptionArn": SUBSCRIPTION},
    }
    for operation, answer in answers.items():
        if operation == step:
            break
        sns.add_response(operation, answer)
    sns.add_client_error(step, "InternalError", http_status_code=500)

    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)

    assert (caught.value.fault, caught.value.reason) == (Fault.UNSENT, Reason.UNREACHABLE)


def test_an_email_is_not_published_when_the_lease_might_run_out_first(sns: Stubber, email: Message) -> None:
    prepare_topic(sns)

    with pytest.raises(ChannelError) as caught:
        sns_email.send(replace(email, deadline=time.monotonic() + 5))

    assert caught.value.fault is Fault.UNSENT


@pytest.mark.parametrize("channel", [Channel.CALL, Channel.SMS])
def test_nothing_is_sent_when_the_lease_might_run_out_first(
    aws: Aws, message: Message, channel: Channel
) -> None:
    with pytest.raises(ChannelError) as caught:
        ADAPTERS[channel].send(replace(message, deadline=time.monotonic() + 5))

    assert (caught.value.fault, caught.value.reason) == (Fault.UNSENT, Reason.OUT_OF_TIME)
    assert aws.messages() == []


@pytest.mark.parametrize("change", [{"address": "other@ward.example"}, {"recipient": "clinician-2"}])
def test_another_address_or_person_has_another_topic(
    sns: Stubber, email: Message, change: dict[str, Any]
) -> None:
    names = []
    for each in (email, replace(email, **change)):
        sns.add_response("create_topic", {"TopicArn": TOPIC})
        sns.add_response("subscribe", {"SubscriptionArn": SUBSCRIPTION})
        sns.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": "false"}})
        sns.add_response("publish", {"MessageId": "m-1"})
        requests: list[dict[str, Any]] = []
        sns.client.meta.events.register(
            "provide-client-params.sns.CreateTopic", lambda params, seen=requests, **_: seen.append(params)
        )
        sns_email.send(each)
        names.append(requests[0]["Name"])

    assert names[0] != names[1]
    assert all(len(name) <= 256 and "@" not in name for name in names)
