"""The topic and the subscription of an e-mail address at Amazon SNS: makes them, reads their state, confirms and
deletes them.

Raises ChannelError where SNS does not answer, or refuses.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from django.conf import settings

from alerts.channels import aws
from alerts.channels.base import ChannelError, Fault
from alerts.states import Reason
from contacts.choices import Answer

NOT_FOUND = "NotFound"
PENDING = "PendingConfirmation"


class Seen(NamedTuple):
    """The state of a subscription, as SNS gives it."""

    answer: Answer
    code: str = ""
    """SNS's word for why nothing would arrive."""
    only_account_unsubscribes: bool = False
    """Whether the link at the end of each e-mail does nothing."""


def make_topic(recipient: str, address: str) -> str:
    """The ARN of the address's topic, which exists after this. SNS returns a topic that exists already."""
    client = aws.client("sns")
    with aws.translated():
        return client.create_topic(Name=_topic_name(recipient, address))["TopicArn"]


def set_up(topic: str, recipient: str) -> None:
    """Encrypt the topic with the key from the settings, if there is one, and tag it. An old topic too.

    CreateTopic cannot do it: it refuses a topic that exists with other tags.
    """
    client = aws.client("sns")
    with aws.translated():
        if settings.EMAIL_TOPIC_KMS_KEY:
            client.set_topic_attributes(
                TopicArn=topic, AttributeName="KmsMasterKeyId", AttributeValue=settings.EMAIL_TOPIC_KMS_KEY
            )
        client.tag_resource(
            ResourceArn=topic,
            Tags=[{"Key": "application", "Value": "bleep"}, {"Key": "clinician", "Value": recipient}],
        )


def subscribe(topic: str, address: str) -> str:
    """The ARN of the subscription. SNS sends the person the e-mail with the link, unless they have confirmed before.

    To SNS the same address in another letter case is a second subscriber, which would get each message, too.
    """
    client = aws.client("sns")
    with aws.translated():
        answer = client.subscribe(
            TopicArn=topic, Protocol="email", Endpoint=address.lower(), ReturnSubscriptionArn=True
        )
    return answer["SubscriptionArn"]


def look(subscription: str) -> Seen:
    """The state of a subscription."""
    client = aws.client("sns")
    try:
        with aws.translated():
            told = client.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    except ChannelError as error:
        if error.code == NOT_FOUND:
            return Seen(Answer.MISSING, NOT_FOUND)
        raise
    # SNS always sends this attribute. If it is missing, nobody is known to have confirmed.
    if told.get("PendingConfirmation") != "false":
        return Seen(Answer.PENDING, PENDING)
    return Seen(
        Answer.CONFIRMED, only_account_unsubscribes=told.get("ConfirmationWasAuthenticated") == "true"
    )


def confirm(topic: str, token: str) -> str:
    """Confirm with the token of the link, so that only this account can unsubscribe. Returns the subscription's ARN."""
    client = aws.client("sns", read_seconds=aws.LOOK_UP_SECONDS)  # a member of staff is waiting
    with aws.translated():
        answer = client.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    return answer["SubscriptionArn"]


def take_away(topic: str, subscription: str) -> None:
    """Delete the subscription and the topic. One that is gone already is not an error."""
    client = aws.client("sns")
    if subscription:
        # SNS cannot unsubscribe somebody who has not confirmed. It drops them by itself, with their topic.
        with _already_gone(Reason.REFUSED), aws.translated():
            client.unsubscribe(SubscriptionArn=subscription)
    with _already_gone(), aws.translated():
        client.delete_topic(TopicArn=topic)


def topic_of(subscription: str) -> str:
    """A subscription's ARN begins with its topic's."""
    return subscription.rpartition(":")[0]


@contextlib.contextmanager
def _already_gone(*reasons: Reason) -> Iterator[None]:
    try:
        yield
    except ChannelError as error:
        if error.code != NOT_FOUND and not (error.fault is Fault.REJECTED and error.reason in reasons):
            raise


def _topic_name(recipient: str, address: str) -> str:
    """One topic per clinician *and address*, so that nothing goes to an address they no longer have."""
    fingerprint = hashlib.sha256(address.lower().encode()).hexdigest()[:16]
    return f"{settings.EMAIL_TOPIC_PREFIX}-{recipient}-{fingerprint}"
