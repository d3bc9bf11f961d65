"""E-mail through Amazon SNS. Each clinician has their own topic, with their address as its only subscriber."""

import hashlib
from typing import NamedTuple

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import Adapter, Budget, ChannelError, Fault, Message, SendResult
from alerts.channels.memory import remembered
from alerts.states import Reason

KEPT_FOR = 3600
"""Seconds to remember a topic and its subscription."""
ARNS = "arns"
"""Cache key of the prefix that all topic ARNs share: Region and account, no address."""
PER_SECOND = 8
"""To one topic. Over 10 a second SNS suspends the subscription."""


class Topic(NamedTuple):
    """A clinician's topic and its subscription."""

    arn: str
    subscription: str


def send(message: Message) -> SendResult:
    """Publish to the clinician's topic; create and subscribe it first where needed.

    SNS takes messages for a topic whose subscriber has not confirmed or has left, and delivers them to nobody. That
    would be a false "sent", so every send checks the subscription.
    """
    name = _topic_name(message.recipient, message.address)
    try:
        topic = _confirmed_topic(name, message.address)
    except ChannelError as error:
        remembered.delete(name)
        # Whatever these requests did, none of them carried the message.
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
    return SendResult(answer["MessageId"], address_works=True)


def check_address(recipient: str, address: str) -> Reason | None:
    """Check that the address has confirmed its subscription. Raises ChannelError where SNS does not answer.

    Creates nothing: subscribing would send the person an e-mail each time.
    """
    beginning = _arns_begin()
    if beginning is None:
        return Reason.UNCONFIRMED
    client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)
    try:
        with aws.translated():
            # A page holds a hundred, and the topic has one address.
            found = client.list_subscriptions_by_topic(
                TopicArn=f"{beginning}:{_topic_name(recipient, address)}"
            )["Subscriptions"]
    except ChannelError as error:
        if error.code == "NotFound":  # no topic yet, so the person was never asked
            return Reason.UNCONFIRMED
        raise
    confirmed = any(
        each["Endpoint"].lower() == address.lower() and each["SubscriptionArn"].startswith("arn:")
        for each in found
    )
    return None if confirmed else Reason.UNCONFIRMED


def _arns_begin() -> str | None:
    """The part of a topic's ARN before its name; None where the account has no topic.

    CreateTopic would return it too, but creates the topic of somebody who is only being looked at.
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
        # Also when a known subscription is gone: subscribing again asks the person again.
        topic = _subscribe(name, address)
        if not _is_confirmed(topic):
            raise ChannelError(Fault.REJECTED, Reason.UNCONFIRMED, "PendingConfirmation")
        remembered.set(name, topic, KEPT_FOR)
    return topic


def _subscribe(name: str, address: str) -> Topic:
    """Both requests are idempotent: they return what exists.

    To SNS the same address in another letter case is a second subscriber, which would get each message, too.
    """
    client = aws.client("sns")
    with aws.translated():
        arn = client.create_topic(Name=name)["TopicArn"]
        subscription = client.subscribe(
            TopicArn=arn, Protocol="email", Endpoint=address.lower(), ReturnSubscriptionArn=True
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
    # SNS always sends this attribute. Without it, nobody is known to have confirmed.
    return answer["Attributes"].get("PendingConfirmation") == "false"


def _topic_name(recipient: str, address: str) -> str:
    """One topic per clinician *and address*, so that nothing goes to an address they no longer have."""
    fingerprint = hashlib.sha256(address.lower().encode()).hexdigest()[:16]
    return f"{settings.EMAIL_TOPIC_PREFIX}-{recipient}-{fingerprint}"


def _budget() -> Budget:
    return Budget(PER_SECOND, 1)


ADAPTER = Adapter(
    send=send,
    budget=_budget,
    budget_per_person=True,  # SNS limits each topic, and each clinician has one
    check_address=check_address,
    address_is_good="The subscription is confirmed.",
)
