"""API clients (hospital systems), their tokens, and their requests by day."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from spelling.fields import LineField

PREFIX_LENGTH = 8


class ApiClient(models.Model):
    """A hospital system that may send alerts."""

    name = LineField(max_length=100, unique=True)
    active = models.BooleanField(default=True, help_text="An inactive client's tokens are all refused.")
    requests_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Left empty, the limit that is set for everybody applies."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    history = HistoricalRecords()

    class Meta:
        ordering = ("name",)
        verbose_name = "API client"
        constraints = (
            models.CheckConstraint(
                name="apiclient_limit_is_positive",
                condition=models.Q(requests_per_minute=None) | models.Q(requests_per_minute__gte=1),
                violation_error_message="A limit is at least one request a minute.",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Access(models.TextChoices):
    """What a token may do."""

    SEND = "send", "Send alerts and read them"
    READ = "read", "Read alerts only"


class ApiToken(models.Model):
    """A token of a client. Its secret is shown once, when it is issued; only the digest is stored.

    It has no history table, which would copy the digest. The admin's log says who issued, rotated and revoked it.
    """

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="tokens")
    label = LineField(max_length=100, blank=True, help_text="Where it is used, such as “lab system, test”.")
    access = models.CharField(max_length=8, choices=Access, default=Access.SEND)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    prefix = models.CharField("begins with", max_length=PREFIX_LENGTH, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Left empty, it does not expire.")
    rotated_at = models.DateTimeField(null=True, editable=False, help_text="When its successor was made.")
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False, help_text="To the minute.")

    class Meta:
        ordering = ("client", "-created_at")
        verbose_name = "API token"
        constraints = (
            models.CheckConstraint(
                name="apitoken_access_is_known", condition=models.Q(access__in=Access.values)
            ),
            models.CheckConstraint(
                name="apitoken_digest_is_sha256", condition=models.Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
        )

    def __str__(self) -> str:
        return f"{self.prefix}… of {self.client}"

    def has_expired(self, now: datetime) -> bool:
        """Whether it has expired, revoked or not."""
        return self.expires_at is not None and self.expires_at <= now


class ClientDay(models.Model):
    """How many requests a client made on one day, and how many were refused or failed."""

    client = models.ForeignKey(ApiClient, on_delete=models.CASCADE, related_name="days")
    day = models.DateField(help_text="In TIME_ZONE.")
    requests = models.PositiveIntegerField()
    errors = models.PositiveIntegerField(help_text="Answered with 400 or more.")

    class Meta:
        verbose_name = "day of a client"
        verbose_name_plural = "days of clients"
        constraints = (models.UniqueConstraint(name="clientday_once", fields=("client", "day")),)

    def __str__(self) -> str:
        return f"{self.client_id} on {self.day}"
