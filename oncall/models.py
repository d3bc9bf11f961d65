"""Plans and their steps, for whom a plan applies, and covers."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from contacts.choices import Priority
from contacts.lookalikes import departments
from contacts.models import Clinician
from oncall.history import WithContents
from spelling.fields import DerivedField, LineField
from theme import times

SHORTEST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=24)
USUAL_WAIT = timedelta(minutes=5)
MAX_STEPS = 10
"""Steps of one plan."""


class Target(models.TextChoices):
    """The kind of person whom a step asks."""

    ADDRESSED = "addressed", "The person the alert is for"
    NAMED = "named", "Somebody by name"


class Plan(models.Model):
    """Who is asked to take an alert on, in which order, and how much time each has to answer."""

    name = LineField(max_length=80, unique=True, help_text="For example “High on wards”.")
    active = models.BooleanField(
        default=True, help_text="An inactive plan asks nobody: alerts are sent as if there were no plan."
    )

    history = HistoricalRecords(bases=[WithContents])

    class Meta:
        ordering = ("name",)
        permissions = (
            ("view_department_plan", "Can view the plans and covers of the departments that they manage"),
        )

    def __str__(self) -> str:
        return self.name


class PlanStep(models.Model):
    """One person to ask, and how long to wait for their answer; `position` 1 is asked first."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="steps", db_index=False)
    position = models.PositiveSmallIntegerField()
    target = models.CharField("who", max_length=16, choices=Target, default=Target.ADDRESSED)
    clinician = models.ForeignKey(
        Clinician,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        help_text="Only where somebody is asked by name.",
    )
    wait = models.DurationField(
        default=USUAL_WAIT, help_text="How long to wait for an answer before the next is asked."
    )

    class Meta:
        ordering = ("plan_id", "position")
        verbose_name = "step"
        constraints = (
            models.UniqueConstraint(name="planstep_one_per_position", fields=("plan", "position")),
            models.CheckConstraint(
                name="planstep_position_is_in_range", condition=Q(position__gte=1, position__lte=MAX_STEPS)
            ),
            models.CheckConstraint(name="planstep_target_is_known", condition=Q(target__in=Target.values)),
            models.CheckConstraint(
                name="planstep_names_somebody_where_it_says_so",
                condition=Q(target=Target.NAMED, clinician__isnull=False)
                | (~Q(target=Target.NAMED) & Q(clinician=None)),
                violation_error_message="Choose a clinician where somebody is asked by name, and only there.",
            ),
            models.CheckConstraint(
                name="planstep_wait_is_in_range",
                condition=Q(wait__gte=SHORTEST_WAIT, wait__lte=LONGEST_WAIT),
                violation_error_message="Wait between 5 seconds and 24 hours.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.position}: {self.get_target_display()}"

    def in_words(self) -> str:
        """`Second Clinician (C-2), 5 min`."""
        who = self.clinician or Target(self.target).label
        return f"{who}, {times.duration(self.wait)}"


class PlanChoice(models.Model):
    """Uses a plan for alerts of one priority: to one clinician, or else to a department, or else to everybody."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="choices")
    priority = models.CharField(max_length=1, choices=Priority)
    clinician = models.ForeignKey(
        Clinician, on_delete=models.CASCADE, related_name="plan_choices", null=True, blank=True
    )
    department = models.CharField(
        max_length=100,
        blank=True,
        help_text="As it is on the clinicians' pages; capitals and spaces do not matter.",
    )
    department_key = DerivedField(help_text="The same text for all spellings of the department.")

    history = HistoricalRecords(excluded_fields=["department_key"])

    class Meta:
        verbose_name = "use of a plan"
        verbose_name_plural = "uses of plans"
        ordering = ("priority", "clinician_id", "department")
        constraints = (
            models.UniqueConstraint(
                name="planchoice_one_plan_for_each",
                fields=("priority", "clinician", "department_key"),
                nulls_distinct=False,
                violation_error_message="Another plan is already chosen for these alerts.",
            ),
            models.CheckConstraint(
                name="planchoice_priority_is_known", condition=Q(priority__in=Priority.values)
            ),
            models.CheckConstraint(
                name="planchoice_is_for_a_person_or_a_department",
                condition=Q(clinician=None) | Q(department=""),
                violation_error_message="Choose a clinician or a department, not both.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_priority_display()}: {self.plan}"

    def in_words(self) -> str:
        """`High for Cardiology`."""
        return f"{self.get_priority_display()} for {self.clinician or self.department or 'everybody'}"

    def derive_department_key(self) -> str:
        return departments.fold(self.department)


class CoverQuerySet(models.QuerySet["Cover"]):
    def on_now(self) -> "CoverQuerySet":
        """Covers that hold now, by the database's clock."""
        return self.filter(period__contains=Now())

    def not_over(self) -> "CoverQuerySet":
        """Present and future covers."""
        return self.exclude(period__endswith__lte=Now())

    def with_now(self) -> "CoverQuerySet":
        """Adds `now`, the database's clock."""
        return self.annotate(now=Now())


class Cover(models.Model):
    """A span of time in which a colleague is asked in somebody's place."""

    clinician = models.ForeignKey(
        Clinician, on_delete=models.CASCADE, related_name="covers", verbose_name="who is away"
    )
    by = models.ForeignKey(
        Clinician,
        on_delete=models.PROTECT,
        related_name="covers_for",
        null=True,
        blank=True,
        verbose_name="who covers",
        help_text="Empty: nobody. Then the next step of a plan begins at once.",
    )
    period = DateTimeRangeField()
    reason = LineField(max_length=200, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = CoverQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ("period",)
        constraints = (
            # Ranges of one number each instead of btree_gist, which PostgreSQL's wheel does not have.
            ExclusionConstraint(
                name="cover_one_at_a_time",
                expressions=(
                    (
                        Func(
                            F("clinician"),
                            F("clinician"),
                            Value("[]"),
                            function="int8range",
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                    ("period", RangeOperators.OVERLAPS),
                ),
                violation_error_message="This person's alerts are covered already for a part of that time.",
            ),
            models.CheckConstraint(
                name="cover_is_by_somebody_else",
                condition=Q(by=None) | ~Q(by=F("clinician")),
                violation_error_message="Nobody covers for themselves.",
            ),
            models.CheckConstraint(
                name="cover_takes_time",
                condition=Q(
                    period__isempty=False, period__startswith__isnull=False, period__endswith__isnull=False
                ),
                violation_error_message="A cover begins before it ends.",
            ),
        )

    def __str__(self) -> str:
        return f"{self.clinician} is covered by {self.by}" if self.by else f"{self.clinician} is away"

    @property
    def has_begun(self) -> bool:
        """Whether the cover has begun, by the database's clock: needs `with_now`."""
        now: datetime = self.now  # type: ignore[attr-defined]
        return bool(self.period.lower <= now)
