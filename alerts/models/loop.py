"""The closed loop: whom Bleep asks to take an alert on, one after the other, and who has."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models.alert import Alert
from alerts.states import EngagementState, LoopOutcome, Why
from contacts.models import Clinician


class Loop(models.Model):
    """The asking for one alert. Only alerts with a plan have one, so that the others cost no more.

    It is written by `alerts.escalation`, and by `alerts.deliveries.engagements` if a person cannot be reached.
    """

    alert = models.OneToOneField(Alert, on_delete=models.PROTECT, primary_key=True, related_name="loop")
    plan = models.JSONField(
        help_text="The plan as it was when the alert was taken: `oncall.plans.FrozenPlan`."
    )
    next_step = models.PositiveSmallIntegerField(
        db_default=0, default=0, help_text="Which of the plan's steps comes next, counted from 0."
    )
    due_at = models.DateTimeField(null=True, help_text="When the next step begins.")
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=16, choices=LoopOutcome, db_default="", default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                name="loop_outcome_is_known", condition=Q(outcome__in=["", *LoopOutcome.values])
            ),
            models.CheckConstraint(
                name="loop_is_due_until_it_ends",
                condition=Q(ended_at=None, due_at__isnull=False, outcome="")
                | (Q(ended_at__isnull=False, due_at=None) & ~Q(outcome="")),
            ),
        )
        indexes = (
            # The loops whose next step is due. (Alerts that nobody has taken on have the index `alert_unanswered`.)
            models.Index(name="loop_due", fields=("due_at",), condition=Q(ended_at=None)),
        )

    def __str__(self) -> str:
        return self.get_outcome_display() or "Under way"

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Engagement(models.Model):
    """Asking one person to take one alert on."""

    alert = models.ForeignKey(
        Alert,
        on_delete=models.PROTECT,
        related_name="engagements",
        db_index=False,  # `engagement_number_is_unique` begins with it
    )
    number = models.PositiveSmallIntegerField(help_text="In the order in which people were asked, from 1.")
    clinician = models.ForeignKey(Clinician, on_delete=models.PROTECT, related_name="engagements")
    step = models.PositiveSmallIntegerField(
        null=True, help_text="The plan's step, counted from 0; empty if staff asked."
    )
    why = models.CharField(max_length=16, choices=Why)
    state = models.CharField(max_length=16, choices=EngagementState, default=EngagementState.ASKED)
    asked_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(help_text="Until when an answer is in time.")
    ended_at = models.DateTimeField(null=True, help_text="When they answered, or were no longer waited for.")

    class Meta:
        ordering = ("alert_id", "number")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(name="engagement_number_is_unique", fields=("alert", "number")),
            models.UniqueConstraint(
                name="engagement_one_holder", fields=("alert",), condition=Q(state=EngagementState.ACCEPTED)
            ),
            models.UniqueConstraint(
                name="engagement_asked_once_at_a_time",
                fields=("alert", "clinician"),
                condition=Q(state=EngagementState.ASKED),
            ),
            models.CheckConstraint(
                name="engagement_state_is_known", condition=Q(state__in=EngagementState.values)
            ),
            models.CheckConstraint(name="engagement_why_is_known", condition=Q(why__in=Why.values)),
            models.CheckConstraint(
                name="engagement_ended_is_dated",
                condition=Q(state=EngagementState.ASKED, ended_at=None)
                | (~Q(state=EngagementState.ASKED) & Q(ended_at__isnull=False)),
            ),
        )

    def __str__(self) -> str:
        return f"{self.number}: {self.clinician} – {self.get_state_display()}"
