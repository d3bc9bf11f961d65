"""E-mail through Amazon SNS: each clinician has a topic of their own, with their address as its one subscriber."""

import hashlib
from typing import NamedTuple

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import ChannelError, Fault, Message, SendResult
from alerts.channels.memory import remembered
from alerts.states import Reason

KEPT_FOR = 3600
"""Seconds for which a topic and its subscription are not looked for again."""
ARNS = "arns"
"""The key of what the ARNs of all topics begin with: it holds the Region and the account, and no address."""


class Topic(NamedTuple):
    """A clinician's topic, and the subscription of their address to it."""

    arn: str
    subscription: str


def send(message: Message) -> SendResult:
    """Publish to the clinician's topic, which is made and subscribed where it is not there yet.

    SNS accepts a message for a topic whose subscriber has not confirmed, or has left, and delivers it to nobody. That
    would be a false "sent", so the subscription is looked at each time.
    """
    name = _topic_name(message.recipient, message.address)
    try:
        topic = _confirmed_topic(name, message.address)
    except ChannelError as error:
        remembered.delete(name)
        # Whatever became of these requests, the message itself was not among them.
        if error.fault is Fault.UNKNOWN:
            raise ChannelError(Fault.UNSENT, Reason.UNREACHABLE, error.code) from None
        raise
    message.require_time(aws.CALL_SECONDS)
    client = aws.client("sns")
    try:
        with aws.translated():
            answer = client.publish(TopicArn=topic.arn, Subject=message.subject, Message=message.text)
    except ChannelError as error:
        if error.code == "NotFound":  # somebody has deleted the topic
            remembered.delete(name)
        raise
    return SendResult(answer["MessageId"])


def obstacle(recipient: str, address: str) -> Reason | None:
    """Whether the address has confirmed its subscription. Raises ChannelError where SNS does not say.

    Makes nothing, and asks the person nothing: to subscribe would send them an e-mail each time.
    """
    beginning = _arns_begin()
    if beginning is None:
        return Reason.UNCONFIRMED
    client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)
    try:
        with aws.translated():
            # One page is a hundred, and the topic is for one address.
            found = client.list_subscriptions_by_topic(
                TopicArn=f"{beginning}:{_topic_name(recipient, address)}"
            )["Subscriptions"]
    except ChannelError as error:
        if error.code == "NotFound":  # no topic yet: the person was never asked to confirm
            return Reason.UNCONFIRMED
        raise
    confirmed = any(
        each["Endpoint"].lower() == address.lower() and each["SubscriptionArn"].startswith("arn:")
        for each in found
    )
    return None if confirmed else Reason.UNCONFIRMED


def _arns_begin() -> str | None:
    """What a topic's ARN has before its name; None where there is no topic at all.

    CreateTopic would tell it, and make the topic of whom somebody only looked at.
    """
    known: str | None = remembered.get(ARNS)
    if known is None:
        client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)
        with aws.translated():
            topics = client.list_topics()["Topics"]
        if not topics:
            return None
        known = topics[0]["TopicArn"].rpartition(":")[0]
        remembered.set(ARNS, known, None)
    return known


def _confirmed_topic(name: str, address: str) -> Topic:
    topic: Topic | None = remembered.get(name)
    if topic is None or not _is_confirmed(topic):
        # Also where a known one is gone: subscribing again asks the person again.
        topic = _subscribe(name, address)
        if not _is_confirmed(topic):
            raise ChannelError(Fault.REJECTED, Reason.UNCONFIRMED, "PendingConfirmation")
        remembered.set(name, topic, KEPT_FOR)
    return topic


def _subscribe(name: str, address: str) -> Topic:
    """Both requests are idempotent: they return what is there already."""
    client = aws.client("sns")
    with aws.translated():
        arn = client.create_topic(Name=name)["TopicArn"]
        subscription = client.subscribe(
            TopicArn=arn, Protocol="email", Endpoint=address, ReturnSubscriptionArn=True
        )
    return Topic(arn, subscription["SubscriptionArn"])


def _is_confirmed(topic: Topic) -> bool:
    client = aws.client("sns")
    try:
        with aws.translated():
            answer = client.get_subscription_attributes(SubscriptionArn=topic.subscription)
    except ChannelError as error:
        if error.code == "NotFound":
            return False
        raise
    # SNS always says it. Where it is not said, nobody is known to have confirmed.
    return answer["Attributes"].get("PendingConfirmation") == "false"


def _topic_name(recipient: str, address: str) -> str:
    """One topic for each clinician *and address*, so that nothing can go to an address that they no longer have."""
    fingerprint = hashlib.sha256(address.lower().encode()).hexdigest()[:16]
    return f"{settings.EMAIL_TOPIC_PREFIX}-{recipient}-{fingerprint}"
