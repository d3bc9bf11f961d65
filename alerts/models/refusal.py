"""Requests of known clients that were refused: nobody was alerted, and nobody but the sender was told."""

from typing import Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from clients.models import ApiClient
from contacts.choices import Priority


class RefusalReason(models.TextChoices):
    """Why a request was refused, in words for staff."""

    UNKNOWN_CONTACT = "unknown_contact", "There is no clinician with this contact ID"
    INACTIVE = "inactive", "The clinician is marked as inactive"
    NO_PREFERENCE = "no_preference", "The clinician has no channel chosen for this priority"
    NO_ADDRESS = "no_address", "The clinician has no address for any channel chosen for this priority"
    EMAIL_UNCONFIRMED = "email_unconfirmed", "The clinician's e-mail address is not confirmed"
    MESSAGE_ID_TAKEN = "message_id_taken", "Another hospital system has used the message ID"
    CONFLICT = "conflict", "The system has used the message ID for another alert"
    INVALID = "invalid", "A field is missing or not valid"
    UNREADABLE = "unreadable", "The request could not be read"
    READ_ONLY_TOKEN = "read_only_token", "The system's token may only read"


NEEDS_ANOTHER_ID = (RefusalReason.MESSAGE_ID_TAKEN, RefusalReason.CONFLICT)
"""Reasons after which an alert never comes again with the same `message_id`."""
ACCEPTED_SINCE = """
alerts_refusal.message_ids <> '{}' AND NOT alerts_refusal.has_more_ids AND NOT EXISTS (
    SELECT FROM unnest(alerts_refusal.message_ids) AS refused WHERE NOT EXISTS (
        SELECT FROM alerts_alert
        WHERE alerts_alert.message_id = refused AND alerts_alert.client_id = alerts_refusal.client_id
    )
)
"""


class RefusalQuerySet(models.QuerySet["Refusal"]):
    def with_accepted(self) -> Self:
        """Annotate `accepted`: every alert of the row was sent again and accepted, as far as the message IDs tell."""
        accepted = RawSQL(ACCEPTED_SINCE, (), output_field=models.BooleanField())  # noqa: S611 - nothing of anybody's
        return self.annotate(
            accepted=models.Case(
                models.When(reason__in=NEEDS_ANOTHER_ID, then=models.Value(value=False)), default=accepted
            )
        )

    def open(self) -> Self:
        """Rows that nobody has seen, and whose alerts were not accepted since."""
        return self.filter(seen_at=None).with_accepted().filter(accepted=False)

    def mark_seen(self, *, by: AbstractBaseUser) -> int:
        """Mark the rows that nobody has seen. Returns how many. Later refusals get a new row."""
        return self.filter(seen_at=None).update(seen_at=Now(), seen_by=by)


class Refusal(models.Model):
    """Refused requests of one client for one contact, for one reason, at one priority, until staff have seen them.

    It has no text and no patient reference.
    """

    MAX_OPEN = 500
    """Rows of one client that nobody has seen. Refusals beyond that are counted in a row without a contact ID."""
    MAX_IDS = 20

    client = models.ForeignKey(
        ApiClient, on_delete=models.CASCADE, related_name="refusals", verbose_name="hospital system"
    )
    contact_id = models.CharField(
        "contact ID",
        max_length=64,
        blank=True,
        help_text="As it was sent. Empty if it could not be read, or if there are too many.",
    )
    reason = models.CharField("why", max_length=32, choices=RefusalReason)
    priority = models.CharField(
        max_length=1, choices=Priority, blank=True, help_text="Empty if it could not be read."
    )
    message_ids = ArrayField(
        models.CharField(max_length=128),
        default=list,
        verbose_name="message IDs",
        help_text=f"Of the first {MAX_IDS} different ones.",
    )
    has_more_ids = models.BooleanField(default=False, help_text="Some message IDs are not among those.")
    requests = models.PositiveIntegerField(default=1, help_text="A system may repeat an alert.")
    first_at = models.DateTimeField("first", db_default=Now())
    last_at = models.DateTimeField("last", db_default=Now())
    seen_at = models.DateTimeField("seen", null=True)
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    accepted: bool
    """After `with_accepted` only."""

    objects = RefusalQuerySet.as_manager()

    class Meta:
        ordering = ("-last_at", "-id")
        verbose_name = "refused alert"
        default_permissions = ("view",)
        permissions = (("see_refusal", "Can mark refused alert as seen"),)
        constraints = (
            models.UniqueConstraint(
                name="refusal_one_open",
                fields=("client", "contact_id", "reason", "priority"),
                condition=Q(seen_at=None),
            ),
            models.CheckConstraint(
                name="refusal_reason_is_known", condition=Q(reason__in=RefusalReason.values)
            ),
            models.CheckConstraint(
                name="refusal_priority_is_known", condition=Q(priority__in=["", *Priority.values])
            ),
            models.CheckConstraint(
                name="refusal_seen_by_somebody",
                condition=Q(seen_at=None, seen_by=None) | Q(seen_at__isnull=False, seen_by__isnull=False),
            ),
        )
        indexes = (models.Index(name="refusal_newest", fields=("-last_at", "-id")),)

    def __str__(self) -> str:
        return f"{self.contact_id or 'no contact ID'} from {self.client}"
