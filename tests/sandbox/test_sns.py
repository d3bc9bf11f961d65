"""SMS and e-mail through stock boto3, and which messages arrive."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.aws import subscriptions
from tests.sandbox.conftest import CLINICIAN, INBOX, AwsClients

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    Attributes = dict[str, MessageAttributeValueTypeDef]


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_an_sms_arrives_as_it_was_sent(aws: AwsClients) -> None:
    attributes: Attributes = {
        "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
        "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Bleep"},
    }
    text = "Ergebnisse & “Grüße” <b>+1 é</b>\nzweite Zeile"
    sent = aws.sns.publish(PhoneNumber=CLINICIAN, Message=text, MessageAttributes=attributes)

    [message] = aws.messages()
    assert message["channel"] == "sms"
    assert message["to"] == CLINICIAN
    assert message["text"] == text
    assert message["subject"] is None
    assert message["provider_id"] == sent["MessageId"]
    assert message["sender"] == "Bleep"
    expected = {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.SenderID": "Bleep"}
    assert message["sms_attributes"] == expected


def test_boto3_needs_only_the_endpoint_and_any_credentials(
    aws: AwsClients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "whatever")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "xx-nowhere-9")
    boto3.session.Session().client("sns").publish(PhoneNumber=CLINICIAN, Message="Anywhere")
    assert aws.texts() == ["Anywhere"]


@pytest.mark.parametrize("number", ["07700900123", "447700900123", "+0447700900123", "+44 7700 900123", "+4"])
def test_a_number_that_is_not_e164_is_refused(aws: AwsClients, number: str) -> None:
    with pytest.raises(ClientError) as error:
        aws.sns.publish(PhoneNumber=number, Message="Hello")
    assert code_of(error) == "InvalidParameter"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert aws.messages() == []


def test_an_sms_of_1600_characters_is_the_longest(aws: AwsClients) -> None:
    aws.sns.publish(PhoneNumber=CLINICIAN, Message="x" * 1600)
    with pytest.raises(ClientError) as error:
        aws.sns.publish(PhoneNumber=CLINICIAN, Message="x" * 1601)
    assert code_of(error) == "InvalidParameter"
    assert [len(text) for text in aws.texts()] == [1600]


def test_an_empty_message_is_refused(aws: AwsClients) -> None:
    with pytest.raises(ClientError) as error:
        aws.sns.publish(PhoneNumber=CLINICIAN, Message="")
    assert code_of(error) == "InvalidParameter"


def test_a_publish_to_nobody_is_refused(aws: AwsClients) -> None:
    with pytest.raises(ClientError) as error:
        aws.sns.publish(Message="Hello")
    assert code_of(error) == "InvalidParameter"


def test_an_email_reaches_each_subscriber_once(aws: AwsClients, topic: str) -> None:
    aws.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="second@example.org")
    sent = aws.sns.publish(TopicArn=topic, Subject="Blood test alert", Message="Results are ready")

    messages = aws.messages()
    assert {message["to"] for message in messages} == {INBOX, "second@example.org"}
    assert len(messages) == 2
    for message in messages:
        assert message["channel"] == "email"
        assert message["subject"] == "Blood test alert"
        assert message["text"] == "Results are ready"
        assert message["provider_id"] == sent["MessageId"]
        assert message["topic_arn"] == topic


def test_a_topic_that_nobody_subscribed_to_takes_a_message_that_reaches_nobody(aws: AwsClients) -> None:
    arn = aws.sns.create_topic(Name="lonely")["TopicArn"]
    assert aws.sns.publish(TopicArn=arn, Message="Hello")["MessageId"]
    assert aws.messages() == []


def test_a_message_for_an_unknown_topic_is_not_found(aws: AwsClients) -> None:
    with pytest.raises(ClientError) as error:
        aws.sns.publish(TopicArn="arn:aws:sns:eu-west-2:123456789012:nothing-here", Message="Hello")
    assert code_of(error) == "NotFound"


@pytest.mark.parametrize("subject", ["x" * 100, "two\nlines", "Prüfung", " leading space", "bell\x07", ""])
def test_a_subject_that_sns_would_refuse_is_refused(aws: AwsClients, topic: str, subject: str) -> None:
    with pytest.raises(ClientError) as error:
        aws.sns.publish(TopicArn=topic, Subject=subject, Message="Hello")
    assert code_of(error) == "InvalidParameter"
    assert aws.messages() == []


def test_a_subject_of_99_printable_characters_arrives(aws: AwsClients, topic: str) -> None:
    aws.sns.publish(TopicArn=topic, Subject="~" * 99, Message="Hello")
    assert aws.messages()[0]["subject"] == "~" * 99


def test_nothing_is_lost_or_mixed_up_under_threads(aws: AwsClients, topic: str) -> None:
    def send(number: int) -> tuple[str, str]:
        text = f"Message {number}"
        if number % 2:
            return text, aws.sns.publish(TopicArn=topic, Message=text)["MessageId"]
        return text, aws.sns.publish(PhoneNumber=CLINICIAN, Message=text)["MessageId"]

    with ThreadPoolExecutor(8) as threads:
        sent = sorted(threads.map(send, range(60)))
    assert sorted((message["text"], message["provider_id"]) for message in aws.messages()) == sent


def test_moto_sees_one_request_at_a_time(
    aws: AwsClients, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_at_once = Barrier(2)
    met: list[int] = []
    forget = subscriptions.forget_published

    def forget_together(topic_arn: str) -> None:
        with suppress(BrokenBarrierError):
            met.append(two_at_once.wait(timeout=0.2))
        forget(topic_arn)

    monkeypatch.setattr(subscriptions, "forget_published", forget_together)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda text: aws.sns.publish(TopicArn=topic, Message=text), "ab"))
    assert met == []
    assert {message["text"] for message in aws.messages()} == {"a", "b"}


@pytest.mark.parametrize(
    "attribute",
    [{"DataType": "Letters", "StringValue": "Transactional"}, {"DataType": "String", "StringValue": ""}],
    ids=["of no known type", "empty"],
)
def test_an_attribute_that_sns_would_refuse_is_refused(aws: AwsClients, attribute: Any) -> None:
    with pytest.raises(ClientError):
        aws.sns.publish(
            PhoneNumber=CLINICIAN, Message="x", MessageAttributes={"AWS.SNS.SMS.SMSType": attribute}
        )
    assert aws.messages() == []


class TestPending:
    """E-mail subscriptions that wait for their confirmation."""

    @pytest.fixture
    def pending(self, aws: AwsClients, request: pytest.FixtureRequest) -> Iterator[str]:
        aws.misbehave("sns:Subscribe", "pending", times=1)
        arn = aws.topic_with(INBOX, name=request.node.name)
        yield arn
        aws.sns.delete_topic(TopicArn=arn)

    def test_nothing_is_delivered_until_then(self, aws: AwsClients, pending: str) -> None:
        assert aws.sns.publish(TopicArn=pending, Message="Too early")["MessageId"]
        assert aws.messages() == []

    def test_they_are_listed_without_an_arn(self, aws: AwsClients, pending: str) -> None:
        [listed] = aws.sns.list_subscriptions_by_topic(TopicArn=pending)["Subscriptions"]
        assert listed["SubscriptionArn"] == "PendingConfirmation"

    def test_a_second_subscribe_returns_the_arn_only_if_asked(self, aws: AwsClients, pending: str) -> None:
        again: dict[str, Any] = {"TopicArn": pending, "Protocol": "email", "Endpoint": INBOX}
        assert aws.sns.subscribe(**again)["SubscriptionArn"] == "pending confirmation"
        arn = aws.sns.subscribe(**again, ReturnSubscriptionArn=True)["SubscriptionArn"]
        attributes = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert attributes["PendingConfirmation"] == "true"

    def test_confirming_by_address_opens_the_way(self, aws: AwsClients, pending: str) -> None:
        [arn] = aws.post("/subscriptions/confirm", {"to": INBOX}).json()["confirmed"]
        attributes = aws.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        assert attributes["PendingConfirmation"] == "false"
        aws.sns.publish(TopicArn=pending, Message="Now")
        assert aws.texts() == ["Now"]

    def test_confirming_somebody_else_changes_nothing(self, aws: AwsClients, pending: str) -> None:
        answered = aws.post("/subscriptions/confirm", {"to": "somebody.else@example.org"})
        assert answered.json() == {"confirmed": []}
        aws.sns.publish(TopicArn=pending, Message="Too early")
        assert aws.messages() == []

    def test_the_token_of_the_link_confirms_through_boto3(self, aws: AwsClients, pending: str) -> None:
        [found] = [found for found in aws.get("/subscriptions").json() if found["topic_arn"] == pending]
        assert found["pending"] is True
        with pytest.raises(ClientError) as error:
            aws.sns.confirm_subscription(TopicArn=pending, Token="wrong")
        assert code_of(error) == "InvalidParameter"
        answered = aws.sns.confirm_subscription(TopicArn=pending, Token=found["token"])
        assert answered["SubscriptionArn"] == found["subscription_arn"]
        aws.sns.publish(TopicArn=pending, Message="Now")
        assert aws.texts() == ["Now"]

    def test_the_next_subscription_is_confirmed_again(self, aws: AwsClients, pending: str) -> None:
        aws.sns.subscribe(TopicArn=pending, Protocol="email", Endpoint="second@example.org")
        aws.sns.publish(TopicArn=pending, Message="For one of two")
        assert [message["to"] for message in aws.messages()] == ["second@example.org"]
