"""The vocabulary that all rooms share."""

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
