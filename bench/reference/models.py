"""Clinicians and their preferences, alerts and their deliveries."""

from django.conf import settings
from django.db import models

PRIORITIES = {"H": "High", "M": "Medium", "L": "Low"}
CHANNELS = {"call": "Call", "sms": "SMS", "email": "E-mail"}


class Clinician(models.Model):
    """Somebody who is alerted."""

    contact_id = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=100)
    call_number = models.CharField(max_length=16, blank=True)
    sms_number = models.CharField(max_length=16, blank=True)
    email = models.EmailField(blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def address(self, channel: str) -> str:
        """The clinician's address on this channel."""
        return {"call": self.call_number, "sms": self.sms_number, "email": self.email}[channel]


class Preference(models.Model):
    """A channel for a priority; those of a lower position come first."""

    clinician = models.ForeignKey(Clinician, on_delete=models.CASCADE, related_name="preferences")
    priority = models.CharField(max_length=1, choices=PRIORITIES)
    position = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=8, choices=CHANNELS)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(name="one_channel", fields=("clinician", "priority", "position")),
        )

    def __str__(self) -> str:
        return f"{self.priority} {self.position}: {self.channel}"


class Alert(models.Model):
    """An alert, as it was sent."""

    client = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    message_id = models.CharField(max_length=128, unique=True)
    type = models.CharField(max_length=64)
    patient_id = models.CharField(max_length=64)
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="alerts")
    description = models.CharField(max_length=1000)
    priority = models.CharField(max_length=1, choices=PRIORITIES)
    status = models.CharField(max_length=16, default="queued")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.message_id


class Delivery(models.Model):
    """The delivery of an alert over one channel."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField(max_length=8, choices=CHANNELS)
    address = models.CharField(max_length=254)
    state = models.CharField(max_length=16, default="pending")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.channel}: {self.state}"
