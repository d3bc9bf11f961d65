"""E-mail: what is asked of SNS, word for word, and that nothing which nobody reads is called sent."""

import time
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from pytest_django.fixtures import Settings

from alerts.channels import ChannelError, Fault, Message, sns_email, sns_subscription
from alerts.channels.sns_subscription import Seen
from alerts.states import Reason
from contacts.choices import Answer
from tests.alerts.channels.conftest import SUBSCRIPTION, TOPIC, subscribed
from tests.aws import Aws

LOOK = "get_subscription_attributes"


def looked_at(sns: Stubber, **attributes: str) -> None:
    """SNS's answer about the subscription."""
    sns.add_response(LOOK, {"Attributes": attributes}, {"SubscriptionArn": SUBSCRIPTION})


def refusal(email: Message) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        sns_email.send(email)
    return caught.value


def test_an_email_goes_to_the_clinicians_own_topic(sns: Stubber, email: Message) -> None:
    looked_at(sns, PendingConfirmation="false")
    expected = {"TopicArn": TOPIC, "Subject": email.subject, "Message": email.text}
    sns.add_response("publish", {"MessageId": "m-1"}, expected)

    assert sns_email.send(email).provider_id == "m-1"
    sns.assert_no_pending_responses()


def test_an_email_to_an_address_without_a_subscription_asks_nothing_of_sns(
    sns: Stubber, email: Message
) -> None:
    error = refusal(replace(email, subscription=""))

    assert (error.fault, error.reason, error.subscription) == (Fault.REJECTED, Reason.UNCONFIRMED, None)


def test_an_email_to_somebody_who_has_left_is_not_called_sent(sns: Stubber, email: Message) -> None:
    sns.add_client_error(LOOK, "NotFound", http_status_code=404)

    error = refusal(email)

    assert (error.fault, error.reason) == (Fault.REJECTED, Reason.UNCONFIRMED)
    assert error.subscription is Answer.MISSING


@pytest.mark.parametrize("attributes", [{"PendingConfirmation": "true"}, {"Owner": "123456789012"}])
def test_an_email_is_refused_unless_sns_says_that_the_subscription_is_confirmed(
    sns: Stubber, email: Message, attributes: dict[str, str]
) -> None:
    looked_at(sns, **attributes)

    error = refusal(email)

    assert (error.fault, error.reason) == (Fault.REJECTED, Reason.UNCONFIRMED)
    assert error.subscription is Answer.PENDING


def test_an_answer_that_is_lost_before_the_publish_means_that_nothing_was_sent(
    sns: Stubber, email: Message
) -> None:
    sns.add_client_error(LOOK, "InternalError", http_status_code=500)

    error = refusal(email)

    assert (error.fault, error.reason) == (Fault.UNSENT, Reason.UNREACHABLE)


def test_an_email_is_not_published_when_the_lease_might_run_out_first(sns: Stubber, email: Message) -> None:
    looked_at(sns, PendingConfirmation="false")

    assert refusal(replace(email, deadline=time.monotonic() + 5)).fault is Fault.UNSENT


def test_a_deleted_topic_is_a_definite_no(sns: Stubber, email: Message) -> None:
    looked_at(sns, PendingConfirmation="false")
    sns.add_client_error("publish", "NotFound", http_status_code=404)

    error = refusal(email)

    assert (error.fault, error.reason) == (Fault.REJECTED, Reason.REFUSED)


def test_an_address_in_other_letters_is_the_same_subscriber(aws: Aws, email: Message) -> None:
    for address in ("Ann@Ward.example", "ann@ward.example"):
        each = replace(email, address=address)
        sns_email.send(replace(each, subscription=subscribed(each)))

    assert [message["to"] for message in aws.messages()] == ["ann@ward.example"] * 2


@pytest.mark.parametrize("change", [("clinician-1", "other@ward.example"), ("clinician-2", "a@ward.example")])
def test_another_address_or_person_has_another_topic(aws: Aws, change: tuple[str, str]) -> None:
    one, other = (
        sns_subscription.make_topic("clinician-1", "a@ward.example"),
        sns_subscription.make_topic(*change),
    )

    assert one != other
    assert "@" not in other


@pytest.mark.parametrize("again", [False, True])
def test_a_topic_is_encrypted_and_tagged_also_one_that_was_there_before(
    aws: Aws, settings: Settings, again: bool
) -> None:
    recipient = f"clinician-{again}"
    topic = sns_subscription.make_topic(recipient, "a@ward.example")
    if again:
        sns_subscription.set_up(topic, recipient)
    settings.EMAIL_TOPIC_KMS_KEY = "alias/bleep-messaging"

    sns_subscription.set_up(topic, recipient)

    client = boto3.client("sns")
    told = client.get_topic_attributes(TopicArn=topic)["Attributes"]
    tags = client.list_tags_for_resource(ResourceArn=topic)["Tags"]
    assert told["KmsMasterKeyId"] == "alias/bleep-messaging"
    assert {each["Key"]: each["Value"] for each in tags} == {"application": "bleep", "clinician": recipient}
    assert sns_subscription.make_topic(recipient, "a@ward.example") == topic


def test_only_the_account_can_end_a_subscription_that_its_link_confirmed(aws: Aws) -> None:
    aws.misbehave("sns:Subscribe", "pending", times=1)
    topic = sns_subscription.make_topic("clinician-5", "link@ward.example")
    arn = sns_subscription.subscribe(topic, "link@ward.example")
    assert sns_subscription.look(arn).answer is Answer.PENDING

    confirmed = sns_subscription.confirm(topic, aws.token("link@ward.example"))

    assert confirmed == arn
    assert sns_subscription.look(arn) == Seen(Answer.CONFIRMED, only_account_unsubscribes=True)


@pytest.mark.parametrize("pending", [False, True])
def test_a_topic_and_its_subscription_can_be_deleted_twice(aws: Aws, pending: bool) -> None:
    if pending:
        aws.misbehave("sns:Subscribe", "pending", times=1)
    topic = sns_subscription.make_topic(f"clinician-9{pending}", "leaver@ward.example")
    arn = sns_subscription.subscribe(topic, "leaver@ward.example")

    for _ in range(2):
        sns_subscription.take_away(topic, arn)

    topics: list[Any] = boto3.client("sns").list_topics()["Topics"]
    assert {"TopicArn": topic} not in topics
    assert sns_subscription.look(arn).answer is Answer.MISSING
