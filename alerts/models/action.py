"""Records of what staff did about alerts."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models.alert import Alert
from alerts.models.loop import Engagement
from alerts.states import NAMES_SOMEBODY, Outcome, StaffAction


class AlertAction(models.Model):
    """A staff action, written in the same transaction. Append-only: a trigger refuses changes and deletes."""

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="actions")
    action = models.CharField(max_length=16, choices=StaffAction)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    outcome = models.CharField(
        max_length=16, choices=Outcome, blank=True, help_text="How it was dealt with, if it was."
    )
    told = models.CharField(max_length=200, blank=True, help_text="Whom staff told.")
    sent_on_as = models.OneToOneField(
        Alert,
        on_delete=models.PROTECT,
        null=True,
        related_name="sent_on_by",
        help_text="The alert that somebody else got instead.",
    )
    asked = models.OneToOneField(
        Engagement,
        on_delete=models.PROTECT,
        null=True,
        related_name="asked_by",
        help_text="By which somebody else is asked to take on an alert that has a plan.",
    )
    round = models.PositiveSmallIntegerField(null=True, help_text="Which round a resend started.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ("created_at", "id")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                name="alertaction_action_is_known", condition=Q(action__in=StaffAction.values)
            ),
            models.CheckConstraint(
                name="alertaction_resend_has_a_round",
                condition=Q(action=StaffAction.RESEND, round__isnull=False)
                | (~Q(action=StaffAction.RESEND) & Q(round=None)),
            ),
            models.CheckConstraint(
                name="alertaction_outcome_is_known", condition=Q(outcome__in=["", *Outcome.values])
            ),
            models.CheckConstraint(
                name="alertaction_dealt_with_has_an_outcome",
                condition=(Q(action=StaffAction.CLOSE) & ~Q(outcome=""))
                | (~Q(action=StaffAction.CLOSE) & Q(outcome="", told="")),
            ),
            models.CheckConstraint(
                name="alertaction_told_is_named", condition=~Q(outcome__in=NAMES_SOMEBODY) | ~Q(told="")
            ),
            models.CheckConstraint(
                name="alertaction_sent_on_is_an_alert",
                condition=Q(action=StaffAction.FORWARD, sent_on_as__isnull=False, asked=None)
                | Q(action=StaffAction.FORWARD, sent_on_as=None, asked__isnull=False)
                | (~Q(action=StaffAction.FORWARD) & Q(sent_on_as=None, asked=None)),
            ),
            models.UniqueConstraint(name="alertaction_one_resend_per_round", fields=("alert", "round")),
        )

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.alert}"
