"""Preferences of clinicians, and templates of them."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from contacts.choices import Channel, Priority
from spelling.fields import LineField

MAX_STEPS = 6
"""The channels of one priority in order, with repeats."""
MAX_TIMES = 3
"""How often one channel may be chosen for one priority: a call that nobody answers rings again."""


class Preference(models.Model):
    """A channel to try for one priority; `position` 1 is tried first."""

    clinician = models.ForeignKey(
        "contacts.Clinician",
        on_delete=models.CASCADE,
        related_name="preferences",
        db_index=False,  # `preference_one_per_position` begins with it
    )
    priority = models.CharField(max_length=1, choices=Priority)
    position = models.PositiveSmallIntegerField()
    channel = models.CharField(max_length=8, choices=Channel)

    class Meta:
        ordering = ("clinician_id", "priority", "position")
        constraints = (
            models.UniqueConstraint(
                name="preference_one_per_position", fields=("clinician", "priority", "position")
            ),
            models.CheckConstraint(
                name="preference_priority_is_known", condition=models.Q(priority__in=Priority.values)
            ),
            models.CheckConstraint(
                name="preference_channel_is_known", condition=models.Q(channel__in=Channel.values)
            ),
            models.CheckConstraint(
                name="preference_position_is_in_range",
                condition=models.Q(position__gte=1, position__lte=MAX_STEPS),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_priority_display()}, {self.position}: {self.get_channel_display()}"


def _channels(verbose_name: str) -> ArrayField[Any, Any]:
    return ArrayField(
        models.CharField(max_length=8, choices=Channel), verbose_name=verbose_name, default=list, blank=True
    )


class PreferenceTemplate(models.Model):
    """Preferences to apply to many clinicians. For priorities without channels, each clinician keeps their own."""

    name = LineField(max_length=80, unique=True, help_text="For example “Ward default”.")
    high = _channels("High priority")
    medium = _channels("Medium priority")
    low = _channels("Low priority")

    class Meta:
        ordering = ("name",)
        constraints = (
            *(
                models.CheckConstraint(
                    name=f"preferencetemplate_{field}_is_known",
                    condition=models.Q(
                        (f"{field}__contained_by", list(Channel.values)), (f"{field}__len__lte", MAX_STEPS)
                    ),
                )
                for field in ("high", "medium", "low")
            ),
            models.CheckConstraint(
                name="preferencetemplate_is_not_empty",
                condition=~models.Q(high=[], medium=[], low=[]),
                violation_error_message="Choose a channel for at least one priority.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def wanted(self) -> dict[Priority, list[Channel]]:
        """The channels for each priority that has some."""
        chosen = {Priority.HIGH: self.high, Priority.MEDIUM: self.medium, Priority.LOW: self.low}
        return {
            priority: [Channel(each) for each in channels]
            for priority, channels in chosen.items()
            if channels
        }
