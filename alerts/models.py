"""The ledger: alerts, deliveries, attempts, and the constraints by which the database keeps them honest."""

import uuid
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Now

from alerts.states import (
    NEEDS_REASON,
    SUCCEEDED,
    UNFINISHED,
    AlertState,
    AlertStatus,
    AttemptState,
    Deed,
    DeliveryState,
    Reason,
)
from clients.internal import TESTS
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician


class AlertQuerySet(models.QuerySet["Alert"]):
    TAKES: dict[AlertStatus, tuple[DeliveryState, ...]] = {  # noqa: RUF012 - never changed
        AlertStatus.ACCEPTED: UNFINISHED,
        AlertStatus.DELIVERED: (DeliveryState.DELIVERED,),
        AlertStatus.FAILED: NEEDS_REASON,
    }
    """States of which an alert with this status has a delivery."""

    def tests(self) -> Self:
        """Only what staff sent to try a channel."""
        return self.filter(client__name=TESTS)

    def without_tests(self) -> Self:
        """Only what hospital systems sent: what figures are made of."""
        return self.exclude(client__name=TESTS)

    def with_status(self) -> Self:
        """Annotate `status`: what a client is told (`AlertStatus`), from the alert's state and its deliveries.

        What reached a telephone stays delivered, whatever came after it. Otherwise the newest round decides, by the
        most hopeful of its deliveries; while it is still under way, what a provider took before stays sent.
        """
        deliveries = Delivery.objects.filter(alert=OuterRef("pk"))
        once_and_for_all = Case(When(state=DeliveryState.DELIVERED, then=0), default=1)
        hope = Case(
            When(state=DeliveryState.ACCEPTED, then=0),
            When(state__in=UNFINISHED, then=1),
            When(state=DeliveryState.CANCELLED, then=2),
            default=3,
        )
        # One row each, and not EXISTS, which PostgreSQL may answer for all alerts at once by reading the whole table.
        decisive = Subquery(deliveries.order_by(once_and_for_all, "-round", hope).values("state")[:1])
        sent_before = Subquery(deliveries.filter(state=DeliveryState.ACCEPTED).values("state")[:1])
        return self.alias(decisive=decisive, sent_before=sent_before).annotate(
            status=Case(
                When(state=AlertState.ACKNOWLEDGED, then=Value(AlertStatus.ACKNOWLEDGED)),
                When(state=AlertState.CANCELLED, then=Value(AlertStatus.CANCELLED)),
                When(decisive=DeliveryState.DELIVERED, then=Value(AlertStatus.DELIVERED)),
                When(decisive=DeliveryState.ACCEPTED, then=Value(AlertStatus.SENT)),
                When(
                    decisive__in=(*UNFINISHED, DeliveryState.CANCELLED),
                    sent_before__isnull=False,
                    then=Value(AlertStatus.SENT),
                ),
                When(decisive__in=UNFINISHED, then=Value(AlertStatus.ACCEPTED)),
                When(decisive=DeliveryState.CANCELLED, then=Value(AlertStatus.CANCELLED)),
                default=Value(AlertStatus.FAILED),
                output_field=models.CharField(),
            )
        )

    def having_status(self, status: str) -> Self:
        """Those with this status, after `with_status`."""
        found = self.filter(Q(("status", status)))
        if (
            status in self.TAKES
        ):  # a small part of all that there is, which is found faster than it is worked out
            some = Delivery.objects.filter(state__in=self.TAKES[AlertStatus(status)])
            return found.filter(pk__in=some.values("alert"))
        return found

    def needing_attention(self) -> Self:
        """Those that nothing can reach any more, and that nobody has dealt with yet; tests are nobody's emergency."""
        failed = self.without_tests().with_status().having_status(AlertStatus.FAILED)
        return failed.filter(state=AlertState.OPEN)


class Alert(models.Model):
    """One message for one clinician, as the client sent it."""

    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, related_name="alerts")
    message_id = models.CharField("message ID", max_length=128, unique=True)
    type = models.CharField(max_length=64)
    patient_id = models.CharField("patient reference", max_length=64)
    contact_id = models.CharField(
        "contact ID", max_length=64, help_text="As it was sent: it may have changed since."
    )
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="alerts")
    description = models.CharField(max_length=1000)
    priority = models.CharField(max_length=1, choices=Priority)
    state = models.CharField(max_length=16, choices=AlertState, default=AlertState.OPEN)
    created_at = models.DateTimeField(db_default=Now())

    status: str
    """An `AlertStatus`; only there after `with_status`."""

    objects = AlertQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (
            ("resend_alert", "Can resend alert"),
            ("cancel_alert", "Can cancel alert"),
            ("close_alert", "Can mark alert as dealt with"),
        )
        constraints = (
            models.CheckConstraint(name="alert_priority_is_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(name="alert_state_is_known", condition=Q(state__in=AlertState.values)),
            models.CheckConstraint(
                name="alert_has_no_blanks",
                condition=~Q(message_id="") & ~Q(type="") & ~Q(patient_id="") & ~Q(description=""),
            ),
        )
        indexes = (
            models.Index(name="alert_newest", fields=("-created_at", "-id")),
            models.Index(name="alert_newest_of_client", fields=("client", "-created_at", "-id")),
        )

    def __str__(self) -> str:
        return self.message_id

    @property
    def is_test(self) -> bool:
        """Whether staff sent it to try a channel. A query, unless the client was selected with it."""
        return self.client.name == TESTS


class Delivery(models.Model):
    """The job of reaching one person over one channel for one alert.

    Its id is random and not counted, because Connect takes it as `ClientToken`: after a restored or rebuilt database a
    counted id could repeat within seven days, and AWS would answer with the old call instead of placing the new one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="deliveries")
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="deliveries")
    priority = models.CharField(
        max_length=1, choices=Priority, help_text="The alert's, kept here for the relay's index."
    )
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254, help_text="As it was when the delivery was made.")
    round = models.PositiveSmallIntegerField(default=1, help_text="A deliberate resend starts another round.")
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.PENDING)
    reason = models.CharField(max_length=32, choices=Reason, blank=True)
    possible_duplicate = models.BooleanField(
        default=False, help_text="Sent again although it may have been sent before."
    )
    provider_id = models.CharField(max_length=256, blank=True)
    available_at = models.DateTimeField(db_default=Now(), help_text="Not to be sent before.")
    handed_over_at = models.DateTimeField(null=True, help_text="When the relay last gave it to Celery.")
    receipt_due_at = models.DateTimeField(null=True, help_text="When to ask what became of it.")
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0, help_text="The number of the latest attempt.")
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(
                name="delivery_once_per_round", fields=("alert", "clinician", "channel", "round")
            ),
            models.CheckConstraint(
                name="delivery_priority_is_known", condition=Q(priority__in=Priority.values)
            ),
            models.CheckConstraint(name="delivery_channel_is_known", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(
                name="delivery_state_is_known", condition=Q(state__in=DeliveryState.values)
            ),
            models.CheckConstraint(
                name="delivery_reason_is_known", condition=Q(reason__in=["", *Reason.values])
            ),
            models.CheckConstraint(name="delivery_has_an_address", condition=~Q(address="")),
            models.CheckConstraint(
                name="delivery_sending_has_a_lease",
                condition=Q(
                    state=DeliveryState.SENDING, lease_token__isnull=False, lease_expires_at__isnull=False
                )
                | (~Q(state=DeliveryState.SENDING) & Q(lease_token=None, lease_expires_at=None)),
            ),
            models.CheckConstraint(
                name="delivery_failure_has_a_reason", condition=~Q(state__in=NEEDS_REASON) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="delivery_accepted_has_a_provider_id",
                condition=~Q(state__in=SUCCEEDED) | ~Q(provider_id=""),
            ),
            models.CheckConstraint(
                name="delivery_finished_is_dated",
                condition=Q(state__in=UNFINISHED, finished_at=None)
                | (~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False)),
            ),
        )
        indexes = (
            models.Index(
                name="delivery_due",
                fields=("priority", "available_at"),
                condition=Q(state=DeliveryState.PENDING),
            ),
            models.Index(
                name="delivery_leased", fields=("lease_expires_at",), condition=Q(state=DeliveryState.SENDING)
            ),
            models.Index(
                name="delivery_handed_over",
                fields=("priority", "handed_over_at"),
                condition=Q(state=DeliveryState.PENDING, handed_over_at__isnull=False),
            ),
            models.Index(
                name="delivery_receipt_due",
                fields=("priority", "receipt_due_at"),
                condition=Q(state=DeliveryState.ACCEPTED, receipt_due_at__isnull=False),
            ),
            models.Index(name="delivery_ended_badly", fields=("alert",), condition=Q(state__in=NEEDS_REASON)),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"

    @property
    def is_on_its_way(self) -> bool:
        """Whether something is still to come by itself: an answer, or the outcome of a call that was just placed."""
        asked = self.state == DeliveryState.ACCEPTED and self.receipt_due_at is not None
        return asked or self.state in UNFINISHED

    @property
    def may_have_arrived(self) -> bool:
        """Whether it may be on a telephone already."""
        return self.possible_duplicate or self.state in (*SUCCEEDED, DeliveryState.UNKNOWN)


class Attempt(models.Model):
    """One call to the provider for a delivery. Written before the call, completed once, never deleted."""

    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="attempts")
    channel = models.CharField(
        max_length=8,
        db_default="",
        choices=Channel,
        help_text="The delivery's, kept here for the breaker's index; empty on what a version before it wrote.",
    )
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=16, choices=AttemptState, default=AttemptState.CALLING)
    reason = models.CharField(max_length=32, choices=Reason, blank=True)
    code = models.CharField(max_length=100, blank=True, help_text="The provider's own error code.")
    provider_id = models.CharField(max_length=256, blank=True)
    late = models.BooleanField(default=False, help_text="The answer came after the lease had run out.")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(name="attempt_number_is_unique", fields=("delivery", "number")),
            models.UniqueConstraint(
                name="attempt_one_calling", fields=("delivery",), condition=Q(state=AttemptState.CALLING)
            ),
            models.CheckConstraint(name="attempt_state_is_known", condition=Q(state__in=AttemptState.values)),
            models.CheckConstraint(
                name="attempt_reason_is_known", condition=Q(reason__in=["", *Reason.values])
            ),
            models.CheckConstraint(
                name="attempt_accepted_has_a_provider_id",
                condition=~Q(state=AttemptState.ACCEPTED) | ~Q(provider_id=""),
            ),
            models.CheckConstraint(
                name="attempt_failure_has_a_reason",
                condition=Q(state__in=(AttemptState.CALLING, AttemptState.ACCEPTED)) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="attempt_finished_is_dated",
                condition=Q(state=AttemptState.CALLING, finished_at=None)
                | (~Q(state=AttemptState.CALLING) & Q(finished_at__isnull=False)),
            ),
        )
        indexes = (models.Index(name="attempt_newest_of_channel", fields=("channel", "-started_at")),)

    def __str__(self) -> str:
        return f"{self.number}: {self.get_state_display()}"


class AlertAction(models.Model):
    """What a member of staff did about an alert. Written with the deed, in one transaction; the database lets nobody
    change or delete it.
    """

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="actions")
    deed = models.CharField(max_length=8, choices=Deed)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    round = models.PositiveSmallIntegerField(null=True, help_text="Which round a resend started.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("created_at", "id")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(name="alertaction_deed_is_known", condition=Q(deed__in=Deed.values)),
            models.CheckConstraint(
                name="alertaction_resend_has_a_round",
                condition=Q(deed=Deed.RESEND, round__isnull=False) | (~Q(deed=Deed.RESEND) & Q(round=None)),
            ),
            models.UniqueConstraint(name="alertaction_one_resend_per_round", fields=("alert", "round")),
        )

    def __str__(self) -> str:
        return f"{self.get_deed_display()}: {self.alert}"


class HeartbeatQuerySet(models.QuerySet[Any]):
    def fresh(self) -> Self:
        """Those that have been at work lately."""
        return self.filter(beat_at__gt=Now() - self.model.FRESH)

    def stale(self) -> Self:
        """Those that have been gone for so long that nobody looks for them."""
        return self.filter(beat_at__lt=Now() - timedelta(days=1))


class Heartbeat(models.Model):
    """When a process was last at work; one row for each that ran lately."""

    FRESH: ClassVar[timedelta]

    beat_at = models.DateTimeField(db_default=Now())

    objects = HeartbeatQuerySet.as_manager()

    class Meta:
        abstract = True


class RelayHeartbeat(Heartbeat):
    """When a relay was last at work."""

    FRESH = timedelta(seconds=15)

    relay = models.CharField(max_length=200, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    sent_itself_at = models.DateTimeField(
        null=True, help_text="When it last sent what is urgent by itself, since no worker took it."
    )

    def __str__(self) -> str:
        return self.relay


class WorkerKind(models.TextChoices):
    """What a worker is there for."""

    URGENT = "urgent", "urgent deliveries alone"
    OTHERS = "others", "all deliveries"


class WorkerHeartbeat(Heartbeat):
    """When a worker last had its connection to Redis and could take something."""

    FRESH = timedelta(seconds=120)
    """So long that an upgrade is no silence: a worker may take 75 s to stop, and beats no more meanwhile."""

    worker = models.CharField(max_length=200, primary_key=True)
    kind = models.CharField(max_length=16, choices=WorkerKind)

    def __str__(self) -> str:
        return self.worker
