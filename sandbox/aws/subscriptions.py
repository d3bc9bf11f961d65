"""Subscriptions of topics and their confirmations: reads and changes moto's own records."""

import re
from collections.abc import Iterator
from typing import Any

from moto.sns.models import SNSBackend, Subscription, sns_backends


def everywhere() -> list[Subscription]:
    """The subscriptions of every account and region."""
    backends = (backend for _, _, backend in sns_backends.iter_backends())
    return [found for backend in backends if isinstance(backend, SNSBackend) for found in _of(backend)]


def of_topic(topic_arn: str) -> list[Subscription]:
    """The subscriptions of a topic; none if there is no such topic."""
    return [found for found in _of(backend_of(topic_arn)) if found.topic.arn == topic_arn]


def backend_of(topic_arn: str) -> SNSBackend | None:
    """Moto's records for the account and region of a topic, or None."""
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[4] not in sns_backends:  # noqa: PLR2004 - an ARN has six parts
        return None
    account = sns_backends[parts[4]]
    # Not get(), which would not create the records of a new Region.
    return account[parts[3]] if parts[3] in account else None  # noqa: SIM401


def forget_published(topic_arn: str) -> None:
    """Delete moto's own copies of messages, which would grow without bound."""
    for _, _, backend in sns_backends.iter_backends():
        if isinstance(backend, SNSBackend):
            backend.sms_messages.clear()
            backend.sms_message_objects.clear()
            if topic_arn in backend.topics:
                backend.topics[topic_arn].sent_notifications.clear()


def is_pending(subscription: Subscription) -> bool:
    """Whether the subscription is unconfirmed. Nothing is delivered to it until it is confirmed."""
    return bool(subscription.attributes["PendingConfirmation"])


def hold(subscription: Subscription) -> None:
    """Mark a subscription as unconfirmed, as SNS does with every new e-mail address."""
    subscription.attributes["PendingConfirmation"] = True
    subscription.attributes["ConfirmationWasAuthenticated"] = False


def confirm(arn: str, *, authenticated: bool = False) -> None:
    """Confirm a subscription, as the link in the confirmation e-mail does. `authenticated`: only the account can then
    unsubscribe.
    """
    if (subscription := find(arn)) is not None:
        subscription.attributes["PendingConfirmation"] = False
        subscription.attributes["ConfirmationWasAuthenticated"] = authenticated


def token(subscription: Subscription) -> str:
    """The token in the link of the confirmation e-mail, for ConfirmSubscription."""
    return subscription.arn.rpartition(":")[2]


def hide_pending(body: bytes, word: str) -> bytes:
    """Replace the ARN of each pending subscription in an answer by `word`, as SNS does."""

    def replaced(found: re.Match[bytes]) -> bytes:
        subscription = find(found[1].decode())
        hidden = subscription is not None and is_pending(subscription)
        return f"<SubscriptionArn>{word}</SubscriptionArn>".encode() if hidden else found[0]

    return re.sub(rb"<SubscriptionArn>([^<]+)</SubscriptionArn>", replaced, body)


def as_json(subscription: Subscription) -> dict[str, Any]:
    """A subscription, ready for JSON."""
    return {
        "subscription_arn": subscription.arn,
        "topic_arn": subscription.topic.arn,
        "protocol": subscription.protocol,
        "endpoint": subscription.endpoint,
        "pending": is_pending(subscription),
        "token": token(subscription),
    }


def find(arn: str) -> Subscription | None:
    """The subscription with this ARN, or None."""
    backend = backend_of(arn.rpartition(":")[0])
    return backend.subscriptions.get(arn) if backend is not None else None


def _of(backend: SNSBackend | None) -> Iterator[Subscription]:
    # A copy, since another thread may subscribe at the same time.
    return iter(list(backend.subscriptions.values()) if backend is not None else [])
