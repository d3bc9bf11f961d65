"""E-mail through Amazon SNS: each clinician has a topic of their own, with their address as its one subscriber."""

import hashlib

from django.conf import settings
from django.core.cache import cache

from alerts.channels import aws
from alerts.channels.base import ChannelError, Fault, Message, Receipt
from alerts.states import Reason

CONFIRMED_FOR = 300
"""Seconds for which a confirmed subscription is not looked up again."""


def send(message: Message) -> Receipt:
    """Publish to the clinician's topic, which is made and subscribed where it is not there yet.

    SNS accepts a message for a topic whose subscriber has not confirmed, and delivers it to nobody; that would be a
    false "sent", so it is refused here.
    """
    topic = _topic_with_subscriber(message)
    if not message.has_time_for(aws.CALL_SECONDS):
        raise ChannelError(Fault.UNSENT, Reason.UNREACHABLE, "OutOfTime")
    client = aws.client("sns")
    try:
        with aws.translated():
            answer = client.publish(TopicArn=topic, Subject=message.subject, Message=message.text)
    except ChannelError:
        cache.delete(_topic_name(message))
        raise
    return Receipt(answer["MessageId"])


def _topic_with_subscriber(message: Message) -> str:
    name = _topic_name(message)
    known: str | None = cache.get(name)
    if known:
        return known
    topic = _prepare(message, name)
    cache.set(name, topic, CONFIRMED_FOR)
    return topic


def _prepare(message: Message, name: str) -> str:
    """The topic's ARN, once its subscriber is confirmed. Whatever fails here, no message has been sent."""
    client = aws.client("sns")
    try:
        with aws.translated():
            # Both are idempotent: they return what is there already.
            topic = client.create_topic(Name=name)["TopicArn"]
            subscription = client.subscribe(
                TopicArn=topic, Protocol="email", Endpoint=message.address, ReturnSubscriptionArn=True
            )["SubscriptionArn"]
            state = client.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    except ChannelError as error:
        if error.fault is Fault.UNKNOWN:
            raise ChannelError(Fault.UNSENT, Reason.UNREACHABLE, error.code) from None
        raise
    if state.get("PendingConfirmation", "false") != "false":
        raise ChannelError(Fault.REJECTED, Reason.UNCONFIRMED, "PendingConfirmation")
    return topic


def _topic_name(message: Message) -> str:
    """One topic for each clinician *and address*, so that nothing can go to an address that they no longer have."""
    fingerprint = hashlib.sha256(message.address.lower().encode()).hexdigest()[:16]
    return f"{settings.EMAIL_TOPIC_PREFIX}-{message.recipient}-{fingerprint}"
