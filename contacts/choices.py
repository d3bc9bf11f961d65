"""Priorities and channels, and the facts about each channel."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import models


class Priority(models.TextChoices):
    """How urgent the sender says an alert is; listed most urgent first."""

    HIGH = "H", "High"
    MEDIUM = "M", "Medium"
    LOW = "L", "Low"


@dataclass(frozen=True)
class ChannelFacts:
    """The facts about a channel that pages and rules need."""

    icon: str
    """The name of a Material Symbol; unfold has the font."""
    address_field: str
    """The field of a clinician that holds the address."""
    address_is_number: bool
    """Whether the address is a telephone number."""
    is_urgent: bool
    """Whether it reaches a person who is not looking at a screen."""
    step: str
    """What happens on this channel, in words; `{}` is the address."""


class Channel(models.TextChoices):
    """A way to reach a person."""

    CALL = "call", "Telephone call"
    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"

    @property
    def facts(self) -> ChannelFacts:
        return CHANNEL_FACTS[self]


CHANNEL_FACTS = {
    Channel.CALL: ChannelFacts(
        icon="call", address_field="call_number", address_is_number=True, is_urgent=True, step="call {}"
    ),
    Channel.SMS: ChannelFacts(
        icon="sms", address_field="sms_number", address_is_number=True, is_urgent=True, step="SMS to {}"
    ),
    Channel.EMAIL: ChannelFacts(
        icon="mail", address_field="email", address_is_number=False, is_urgent=False, step="e-mail to {}"
    ),
}


class ObstacleKind(models.TextChoices):
    """What keeps messages from an address. The label ends "this number …". Reasons of alerts have the same values.

    `UNCONFIRMED` is what an `EmailSubscription` says. The others are remembered as an `Obstacle`.
    """

    OPTED_OUT = "opted_out", "has opted out of SMS"
    INVALID_ADDRESS = "invalid_address", "was refused by the provider"
    NOT_ALLOWED = "not_allowed", "may not be called from our AWS account"
    UNCONFIRMED = "unconfirmed", "is not confirmed"


class Subscription(models.TextChoices):
    """The state of an e-mail address's subscription. The label ends "the subscription …".

    AWS shows only pending, confirmed, or nothing at all. The state before tells the rest.
    """

    WANTED = "wanted", "is not yet made at AWS"
    PENDING = "pending", "waits for the person to confirm it"
    LAPSED = "lapsed", "was not confirmed in time, so AWS has dropped it"
    CONFIRMED = "confirmed", "is confirmed"
    SUSPENDED = "suspended", "was confirmed, and AWS has suspended it"
    GONE = "gone", "was confirmed, and has been removed: the person may have unsubscribed"
    REFUSED = "refused", "was refused by AWS"
    UNWANTED = "unwanted", "is being taken away"


class Answer(models.TextChoices):
    """The state of a subscription as AWS gives it."""

    CONFIRMED = "confirmed"
    PENDING = "pending"
    MISSING = "missing"


def in_words(channels: Iterable[str]) -> str:
    """Channels in the order in which they are tried, `Telephone call → SMS`; a dash for none."""
    return " → ".join(Channel(channel).label for channel in channels) or "—"
