"""What a plan would do now for an alert to one clinician, chosen or taken as an example."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest

from contacts.choices import Priority
from contacts.lookalikes import departments
from contacts.models import Clinician
from oncall import asked, plans, words
from oncall.admin.people import ClinicianSelect
from oncall.models import Plan, PlanStep, Target
from oncall.problems import Addressed

PARAMETER = "for"


@dataclass(frozen=True)
class Line:
    """What one step does."""

    sentence: str
    is_passed_over: bool


@dataclass(frozen=True)
class ForPriority:
    """What happens to an alert of one priority."""

    priority: Priority
    lines: list[Line]
    applies: bool
    """Whether an alert to this clinician would go by this plan."""


@dataclass(frozen=True)
class Example:
    """The clinician, and what would happen for each priority that the plan is used for."""

    clinician: Clinician | None
    is_chosen: bool
    priorities: list[ForPriority]
    form: forms.Form
    needs_somebody: bool
    """Whether a step asks the person that the alert is for, so that the example needs a person."""

    @property
    def addressed(self) -> list[Addressed]:
        """The clinician, with the priorities for which their alerts go by this plan."""
        return [
            (self.clinician, each.priority) for each in self.priorities if self.clinician and each.applies
        ]


def of(plan: Plan, request: HttpRequest, site: AdminSite) -> Example:
    """The example for the clinician whom the request names, or for one whose alerts use the plan."""
    form = _form(request, site)
    chosen: Clinician | None = form.cleaned_data.get(PARAMETER) if form.is_valid() else None
    clinician = chosen or _somebody(plan)
    frozen = plans.freeze(plan)
    used = {choice.priority for choice in plan.choices.all()}
    priorities = [each for each in Priority if each in used] or [Priority.HIGH]
    found = [
        ForPriority(
            priority,
            [
                Line(words.now(step), step.clinician is None)
                for step in asked.in_order(
                    frozen, addressed=clinician.pk if clinician else None, priority=priority
                )
            ],
            bool(clinician and _applies(plan, clinician, priority)),
        )
        for priority in priorities
        if frozen.steps
    ]
    needs = any(step.target is Target.ADDRESSED for step in frozen.steps)
    return Example(clinician, chosen is not None, found, form, needs)


def _applies(plan: Plan, clinician: Clinician, priority: Priority) -> bool:
    nearest = plans.plan_for(clinician, priority)
    return nearest is not None and nearest.plan_id == plan.pk


def _form(request: HttpRequest, site: AdminSite) -> forms.Form:
    field: Any = PlanStep._meta.get_field("clinician")  # noqa: SLF001 - Django's documented API
    widget = ClinicianSelect(field, site, attrs={"aria-label": "Clinician"})
    form = forms.Form(request.GET if PARAMETER in request.GET else {})
    form.fields[PARAMETER] = forms.ModelChoiceField(Clinician.objects.all(), widget=widget, required=False)
    return form


def _somebody(plan: Plan) -> Clinician | None:
    """An active clinician whose alerts use the plan: one that it names, one of its department, or the first of all."""
    choices = list(plan.choices.all())
    named = [choice.clinician for choice in choices if choice.clinician]
    if named:
        return named[0]
    found = Clinician.objects.filter(active=True)
    spelt = departments.spellings_of(choice.department for choice in choices if choice.department)
    if spelt:
        return found.filter(department__in=spelt).first()
    return found.first()
