"""Answers of people, the codes and links by which they can answer, and replies as they came in."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models.alert import Alert
from alerts.models.delivery import Delivery
from alerts.models.loop import Engagement
from alerts.states import Effect, Proof, ResponseKind


class Response(models.Model):
    """One answer, with its proof. Append-only: a trigger refuses changes and deletes."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="responses")
    engagement = models.ForeignKey(Engagement, on_delete=models.PROTECT, related_name="responses")
    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="The message that was answered, if it is known.",
    )
    kind = models.CharField(max_length=16, choices=ResponseKind)
    proof = models.CharField(max_length=16, choices=Proof)
    evidence = models.CharField(
        max_length=200, help_text="What names this answer where it came from: the same answer comes once."
    )
    provider_at = models.DateTimeField(null=True, help_text="When they answered, by the provider's clock.")
    at = models.DateTimeField(db_default=Now(), help_text="When Bleep took the answer.")
    effect = models.CharField(max_length=16, choices=Effect)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who entered it, if staff did.",
    )
    note = models.CharField(max_length=500, blank=True, default="", help_text="How staff know.")

    class Meta:
        ordering = ("at", "id")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(name="response_once_per_evidence", fields=("proof", "evidence")),
            models.CheckConstraint(name="response_kind_is_known", condition=Q(kind__in=ResponseKind.values)),
            models.CheckConstraint(name="response_proof_is_known", condition=Q(proof__in=Proof.values)),
            models.CheckConstraint(name="response_effect_is_known", condition=Q(effect__in=Effect.values)),
            models.CheckConstraint(name="response_has_evidence", condition=~Q(evidence="")),
            models.CheckConstraint(
                name="response_of_staff_names_them",
                condition=Q(proof=Proof.STAFF, by__isnull=False)
                | (~Q(proof=Proof.STAFF) & Q(by=None, note="")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_effect_display()}"


class ReplyCode(models.Model):
    """Four digits in a message, which an answer must contain.

    They are unique for an address until a day after the alert has ended. Then they are released, and may be used again.
    """

    engagement = models.ForeignKey(Engagement, on_delete=models.CASCADE, related_name="codes")
    address = models.CharField(max_length=254, help_text="The number or the e-mail address that got it.")
    code = models.CharField(max_length=4)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True, help_text="When its alert was first seen to have ended.")
    released_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                name="replycode_is_unique_for_an_address",
                fields=("address", "code"),
                condition=Q(released_at=None),
            ),
            # The address comes first: a reply without a code looks for all codes that went to its number.
            models.UniqueConstraint(name="replycode_one_per_address", fields=("address", "engagement")),
            models.CheckConstraint(name="replycode_is_four_digits", condition=Q(code__regex=r"^[0-9]{4}$")),
        )

    def __str__(self) -> str:
        return f"Code of engagement {self.engagement_id}"


class AnswerLink(models.Model):
    """A link in a message that opens the page to answer on. Only its digest is kept."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    wrong_codes = models.PositiveSmallIntegerField(
        db_default=0, default=0, help_text="How often wrong digits were entered: then it is closed."
    )

    class Meta:
        default_permissions = ()
        indexes = (models.Index(name="answerlink_expires", fields=("expires_at",)),)

    def __str__(self) -> str:
        return f"Link of delivery {self.delivery_id}"


class InboundMessage(models.Model):
    """An SMS that came in, whether or not it could be matched."""

    provider_id = models.CharField(max_length=200, unique=True)
    sender = models.CharField("from", max_length=32, help_text="The number it came from.")
    text = models.CharField(max_length=1600)
    received_at = models.DateTimeField("came in", db_default=Now())
    response = models.OneToOneField(Response, on_delete=models.PROTECT, null=True, related_name="inbound")
    effect = models.CharField(max_length=16, choices=Effect)

    class Meta:
        verbose_name = "reply by SMS"
        verbose_name_plural = "replies by SMS"
        ordering = ("-received_at", "-id")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(
                name="inboundmessage_effect_is_known", condition=Q(effect__in=Effect.values)
            ),
        )
        indexes = (models.Index(name="inboundmessage_newest", fields=("-received_at", "-id")),)

    def __str__(self) -> str:
        return f"Reply of {self.received_at:%Y-%m-%d %H:%M}"
