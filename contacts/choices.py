"""The vocabulary that all rooms share."""

from collections.abc import Iterable

from django.db import models


class Priority(models.TextChoices):
    """How urgent the sender says an alert is; listed most urgent first."""

    HIGH = "H", "High"
    MEDIUM = "M", "Medium"
    LOW = "L", "Low"


class Channel(models.TextChoices):
    """A way to reach a person."""

    CALL = "call", "Telephone call"
    SMS = "sms", "SMS"
    EMAIL = "email", "E-mail"


def in_words(channels: Iterable[str]) -> str:
    """Channels in the order in which they are tried, `Telephone call → SMS`; a dash for none."""
    return " → ".join(Channel(channel).label for channel in channels) or "—"
