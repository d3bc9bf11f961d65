"""Who is subscribed to a topic, and who has not confirmed yet: moto's own records, read and turned."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from moto.sns.models import SNSBackend, Subscription, sns_backends
from moto.sns.utils import FilterPolicyMatcher


def everywhere() -> list[Subscription]:
    """List the subscriptions of every account and region."""
    backends = (backend for _, _, backend in sns_backends.iter_backends())
    return [found for backend in backends if isinstance(backend, SNSBackend) for found in _of(backend)]


def of_topic(topic_arn: str) -> list[Subscription]:
    """List the subscriptions of one topic, none where there is no such topic."""
    return [found for found in _of(backend_of(topic_arn)) if found.topic.arn == topic_arn]


def backend_of(topic_arn: str) -> SNSBackend | None:
    """Give moto's records for the account and region of a topic."""
    parts = topic_arn.split(":")
    if len(parts) != 6 or parts[4] not in sns_backends:  # noqa: PLR2004 - an ARN has six parts
        return None
    account = sns_backends[parts[4]]
    # Not get(), which would not make the records of a Region that is asked for the first time.
    return account[parts[3]] if parts[3] in account else None  # noqa: SIM401


def forget_published(topic_arn: str) -> None:
    """Drop moto's own copies of what was published: they would grow for as long as the stand-in runs."""
    for _, _, backend in sns_backends.iter_backends():
        if isinstance(backend, SNSBackend):
            backend.sms_messages.clear()
            backend.sms_message_objects.clear()
            if topic_arn in backend.topics:
                backend.topics[topic_arn].sent_notifications.clear()


def is_pending(subscription: Subscription) -> bool:
    """Say whether the person has yet to confirm: nothing is delivered until then."""
    return bool(subscription.attributes["PendingConfirmation"])


def hold(subscription: Subscription) -> None:
    """Leave a subscription waiting for its confirmation, as SNS does with every new e-mail address."""
    subscription.attributes["PendingConfirmation"] = True
    subscription.attributes["ConfirmationWasAuthenticated"] = False


def confirm(arn: str) -> None:
    """Do what the person does by following the link in the confirmation e-mail."""
    if (subscription := _find(arn)) is not None:
        subscription.attributes["PendingConfirmation"] = False


def token(subscription: Subscription) -> str:
    """Give the token that the link in the confirmation e-mail carries, for ConfirmSubscription."""
    return subscription.arn.rpartition(":")[2]


def takes(subscription: Subscription, message: str, attributes: Mapping[str, Mapping[str, str]]) -> bool:
    """Say whether a message published to the topic reaches this subscription."""
    if is_pending(subscription):
        return False
    policy = subscription.attributes.get("FilterPolicy")
    if not policy:
        return True
    scope = subscription.attributes.get("FilterPolicyScope")
    return FilterPolicyMatcher(json.loads(policy), scope).matches(dict(attributes), message)


def veil(body: bytes, word: str) -> bytes:
    """Put a word in place of each ARN of a pending subscription in an answer, as SNS does."""

    def replaced(found: re.Match[bytes]) -> bytes:
        subscription = _find(found[1].decode())
        hidden = subscription is not None and is_pending(subscription)
        return f"<SubscriptionArn>{word}</SubscriptionArn>".encode() if hidden else found[0]

    return re.sub(rb"<SubscriptionArn>([^<]+)</SubscriptionArn>", replaced, body)


def as_json(subscription: Subscription) -> dict[str, Any]:
    """Describe a subscription for people and tests."""
    return {
        "subscription_arn": subscription.arn,
        "topic_arn": subscription.topic.arn,
        "protocol": subscription.protocol,
        "endpoint": subscription.endpoint,
        "pending": is_pending(subscription),
        "token": token(subscription),
    }


def _find(arn: str) -> Subscription | None:
    backend = backend_of(arn.rpartition(":")[0])
    return backend.subscriptions.get(arn) if backend is not None else None


def _of(backend: SNSBackend | None) -> Iterator[Subscription]:
    # A copy, since another thread may subscribe meanwhile.
    return iter(list(backend.subscriptions.values()) if backend is not None else [])
