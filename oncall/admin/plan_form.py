"""The forms of a plan: its name, its steps in order, and the alerts that it is used for."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from contacts.choices import Priority
from oncall import history, plans
from oncall.models import (
    LONGEST_WAIT,
    MAX_STEPS,
    SHORTEST_WAIT,
    USUAL_WAIT,
    Plan,
    PlanChoice,
    PlanStep,
    Target,
)
from oncall.plans import FrozenStep, Use

MINUTES = re.compile(r"\s*(\d{1,4})(?:[.,](\d{1,2})|:([0-5]\d))?\s*")
NOT_MINUTES = "Enter minutes, such as 5, or minutes and seconds, such as 1:30."
OUT_OF_RANGE = "Wait between 5 seconds (0:05) and 24 hours (1440)."


class MinutesField(forms.Field):
    """A time in minutes: `5`, `2.5`, `1:30`."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "decimal", "autocomplete": "off", "class": "wait-minutes"}
        super().__init__(widget=UnfoldAdminTextInputWidget(attrs), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, timedelta):
            return value
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes}:{seconds:02}" if seconds else str(minutes)

    def to_python(self, value: Any) -> timedelta | None:
        if value in self.empty_values:
            return None
        found = MINUTES.fullmatch(str(value))
        if found is None:
            raise ValidationError(NOT_MINUTES)
        minutes, part, seconds = found.groups()
        wait = timedelta(minutes=float(f"{minutes}.{part or 0}"), seconds=int(seconds or 0))
        if not SHORTEST_WAIT <= wait <= LONGEST_WAIT:
            raise ValidationError(OUT_OF_RANGE)
        return wait

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.prepare_value(initial) != (data or "").strip())


class PlanForm(forms.ModelForm[Plan]):
    """The plan itself. `seen` is the version when the page was opened: the form refuses to undo a colleague's change
    since.
    """

    seen = forms.IntegerField(required=False)

    class Meta:
        model = Plan
        fields = ("name", "active")

    def clean(self) -> dict[str, Any]:
        super().clean()
        seen = self.cleaned_data.get("seen")
        if self.instance.pk and seen is not None:
            who = history.changed_since(self.instance.pk, seen)
            if who:
                raise ValidationError(
                    f"Nothing is saved: {who} changed this plan after you opened this page. Open it again, and make "
                    "your change there."
                )
        return self.cleaned_data


class StepForm(forms.ModelForm[PlanStep]):
    """One step. Its place in the list is its place in the plan."""

    # Not the model's field: rows may be left out and moved, and `plans.write` numbers them again.
    position = forms.IntegerField(
        required=False,
        min_value=0,
        label="order",
        widget=UnfoldAdminIntegerFieldWidget({"class": "step-place"}),
    )
    wait = MinutesField(label="minutes to answer", initial=USUAL_WAIT)

    class Meta:
        model = PlanStep
        fields = ("target", "clinician", "wait", "position")

    def clean(self) -> dict[str, Any]:
        super().clean()
        target, clinician = self.cleaned_data.get("target"), self.cleaned_data.get("clinician")
        if target == Target.NAMED and clinician is None and "clinician" not in self.errors:
            self.add_error("clinician", "Choose who is asked.")
        if target == Target.ADDRESSED and clinician is not None:
            self.add_error("clinician", "Choose “Somebody by name”, or leave this empty.")
        return self.cleaned_data

    def _get_validation_exclusions(self) -> set[str]:
        """Skip the constraints, which are for rows as they are written: the form's rows have no final places yet."""
        usual: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # not in its stubs
        return {*usual, "position", "plan", "target", "clinician"}

    def frozen(self) -> FrozenStep:
        clinician = self.cleaned_data["clinician"]
        return FrozenStep(
            Target(self.cleaned_data["target"]),
            clinician.pk if clinician else None,
            self.cleaned_data["wait"],
        )


class StepFormSet(forms.BaseInlineFormSet[PlanStep, Plan, StepForm]):
    """The steps of a plan, by their places."""

    def validate_unique(self) -> None:
        """Allow two rows with the same number while they are being moved."""

    def wanted(self) -> list[FrozenStep]:
        """The steps in order, without rows that are empty or to be deleted."""
        kept = [
            (form.cleaned_data.get("position"), place, form)
            for place, form in enumerate(self.forms)
            if form.cleaned_data
            and not form.cleaned_data.get("DELETE")
            and (form.instance.pk or form.has_changed())
        ]
        last = MAX_STEPS * 100
        kept.sort(key=lambda each: (last if each[0] is None else each[0], each[1]))
        return [form.frozen() for _position, _place, form in kept]


class UseForm(forms.ModelForm[PlanChoice]):
    """One use of the plan."""

    class Meta:
        model = PlanChoice
        fields = ("priority", "clinician", "department")

    def use(self) -> Use:
        cleaned = self.cleaned_data
        return Use(Priority(cleaned["priority"]), cleaned.get("clinician"), cleaned.get("department", ""))


class UseFormSet(forms.BaseInlineFormSet[PlanChoice, Plan, UseForm]):
    """The uses of a plan."""

    def validate_unique(self) -> None:
        """Leave this to `clean`, which compares all rows and other plans: the database compares departments by their
        keys.
        """

    def clean(self) -> None:
        seen = set()
        for form in self._kept():
            if not form.is_valid() or "priority" not in form.cleaned_data:
                continue
            use = form.use()
            if use.key in seen:
                form.add_error(None, "This is in the list twice.")
            seen.add(use.key)
            other = plans.used_elsewhere(use, but=self.instance.pk)
            if other is not None:
                form.add_error(
                    None, f"The plan “{other}” is used for these alerts. Take them out of it first."
                )

    def wanted(self) -> list[Use]:
        """The uses, without rows that are empty or to be deleted."""
        return [form.use() for form in self._kept()]

    def _kept(self) -> list[UseForm]:
        return [
            form
            for form in self.forms
            if (form.instance.pk or form.has_changed())
            and not (hasattr(form, "cleaned_data") and form.cleaned_data.get("DELETE"))
        ]
