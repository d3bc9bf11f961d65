"""Deliveries and their attempts."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.states import NEEDS_REASON, SUCCEEDED, UNFINISHED, AttemptState, DeliveryState, Notice, Reason
from contacts.choices import Channel, Priority
from contacts.models import Clinician

IS_UNFINISHED = Q(state=DeliveryState.PENDING) | Q(state=DeliveryState.SENDING)
"""Deliveries that wait or are being sent. Each state has an index, which PostgreSQL would not use for `IN`."""


class Delivery(models.Model):
    """The job of reaching one person over one channel for one alert.

    Its id is random, because Connect gets it as `ClientToken`: after a restored database a counted id could repeat
    within seven days, and AWS would answer with the old call instead of placing a new one.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alert = models.ForeignKey("alerts.Alert", on_delete=models.PROTECT, related_name="deliveries")
    clinician = models.ForeignKey(
        Clinician,
        on_delete=models.PROTECT,
        related_name="deliveries",
        db_index=False,  # `delivery_once_per_position` begins with it
    )
    engagement = models.ForeignKey(
        "alerts.Engagement",
        on_delete=models.PROTECT,
        null=True,
        related_name="deliveries",
        db_index=False,  # `delivery_of_engagement` has those that are set
        help_text="By which its person is asked for an answer; empty where nobody is asked.",
    )
    notice = models.CharField(
        max_length=16,
        choices=Notice,
        default="",
        db_default="",
        blank=True,
        help_text="What it tells, if it asks for nothing: then it says nothing about how the alert stands.",
    )
    priority = models.CharField(
        max_length=1, choices=Priority, help_text="The alert's, kept here for the relay's index."
    )
    channel = models.CharField(max_length=8, choices=Channel)
    address = models.CharField(max_length=254, help_text="As it was when the delivery was made.")
    round = models.PositiveSmallIntegerField(default=1, help_text="A deliberate resend starts another round.")
    skipped = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="Channels that were chosen and left out when the delivery was made, and why.",
    )
    position = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Its place among the deliveries of its round."
    )
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.PENDING)
    reason = models.CharField(max_length=32, choices=Reason, blank=True)
    possible_duplicate = models.BooleanField(
        default=False, help_text="Sent again although it may have been sent before."
    )
    provider_id = models.CharField(max_length=256, blank=True)
    available_at = models.DateTimeField(db_default=Now(), help_text="Not to be sent before.")
    begins_at = models.DateTimeField(
        null=True, help_text="When the pause ends, where a channel is tried again in the same round."
    )
    handed_over_at = models.DateTimeField(null=True, help_text="When the relay last gave it to Celery.")
    outcome_due_at = models.DateTimeField(null=True, help_text="When to ask the provider what became of it.")
    outcome_at = models.DateTimeField(null=True, help_text="When the provider said what became of it.")
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    attempt_count = models.PositiveSmallIntegerField(default=0, help_text="The number of the latest attempt.")
    traceparent = models.CharField(
        max_length=55,
        default="",
        db_default="",
        blank=True,
        help_text="The trace it belongs to (W3C), if there is one.",
    )
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "deliveries"
        constraints = (
            # The clinician comes first, because the alert has an index: so both keys are found, with two indexes.
            models.UniqueConstraint(
                name="delivery_once_per_position",
                fields=("clinician", "alert", "engagement", "round", "position"),
                nulls_distinct=False,  # an alert without a plan has no engagement
            ),
            models.CheckConstraint(
                name="delivery_notice_is_known", condition=Q(notice__in=["", *Notice.values])
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
                name="delivery_sent_has_a_provider_id",
                condition=~Q(state__in=SUCCEEDED) | ~Q(provider_id=""),
            ),
            models.CheckConstraint(
                name="delivery_finished_is_dated",
                condition=Q(state__in=UNFINISHED, finished_at=None)
                | (~Q(state__in=UNFINISHED) & Q(finished_at__isnull=False)),
            ),
        )
        # Each holds the few deliveries in one state. They name `state`, so a change of state is never HOT, and each
        # index of the whole table gets an entry: of these there are three alone, those of the keys and of `alert`.
        indexes = (
            # What relays hand over; how long the longest waits.
            models.Index(
                name="delivery_due",
                fields=("priority", "available_at"),
                condition=Q(state=DeliveryState.PENDING),
            ),
            # Whose worker has died.
            models.Index(
                name="delivery_leased", fields=("lease_expires_at",), condition=Q(state=DeliveryState.SENDING)
            ),
            # How many relays have handed over, and since when.
            models.Index(
                name="delivery_handed_over",
                fields=("priority", "handed_over_at"),
                condition=Q(state=DeliveryState.PENDING, handed_over_at__isnull=False),
            ),
            # What was sent to ask one person. Few alerts have a plan, and the others get no entry.
            models.Index(
                name="delivery_of_engagement", fields=("engagement",), condition=Q(engagement__isnull=False)
            ),
            # Whose provider to ask what became of it.
            models.Index(
                name="delivery_outcome_due",
                fields=("priority", "outcome_due_at"),
                condition=Q(outcome_due_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {self.get_state_display()}"

    @property
    def wants_answer(self) -> bool:
        """Whether the person is asked to take the alert on."""
        return self.engagement_id is not None and not self.notice

    @property
    def is_on_its_way(self) -> bool:
        """Whether something will still happen by itself: an answer, the outcome of a call, or a key pressed in it."""
        asked = self.state in SUCCEEDED and self.outcome_due_at is not None
        return asked or self.state in UNFINISHED

    @property
    def may_have_arrived(self) -> bool:
        """Whether it may have reached a telephone."""
        return self.possible_duplicate or self.state in (*SUCCEEDED, DeliveryState.UNKNOWN)


class Attempt(models.Model):
    """One call to the provider. Written before the call, completed once, never deleted."""

    delivery = models.ForeignKey(
        Delivery,
        on_delete=models.PROTECT,
        related_name="attempts",
        db_index=False,  # `attempt_number_is_unique` begins with it
    )
    channel = models.CharField(
        max_length=8,
        choices=Channel,
        help_text="The delivery's, copied for the breaker's index.",
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
            models.CheckConstraint(name="attempt_channel_is_known", condition=Q(channel__in=Channel.values)),
            models.CheckConstraint(name="attempt_state_is_known", condition=Q(state__in=AttemptState.values)),
            models.CheckConstraint(
                name="attempt_reason_is_known", condition=Q(reason__in=["", *Reason.values])
            ),
            models.CheckConstraint(
                name="attempt_sent_has_a_provider_id",
                condition=~Q(state=AttemptState.SENT) | ~Q(provider_id=""),
            ),
            models.CheckConstraint(
                name="attempt_failure_has_a_reason",
                condition=Q(state__in=(AttemptState.CALLING, AttemptState.SENT)) | ~Q(reason=""),
            ),
            models.CheckConstraint(
                name="attempt_finished_is_dated",
                condition=Q(state=AttemptState.CALLING, finished_at=None)
                | (~Q(state=AttemptState.CALLING) & Q(finished_at__isnull=False)),
            ),
        )
        # Whether a provider is down; statistics of the last day or week.
        indexes = (models.Index(name="attempt_newest_of_channel", fields=("channel", "-started_at")),)

    def __str__(self) -> str:
        return f"{self.number}: {self.get_state_display()}"
