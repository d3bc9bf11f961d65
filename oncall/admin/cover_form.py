"""The form of a cover: who is away, from when until when, who covers, and why."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from psycopg.types.range import Range
from unfold.widgets import UnfoldAdminSplitDateTimeWidget

from contacts.models import Clinician
from oncall import covers, words
from oncall.models import Cover

TWICE = "The clocks go back that night, so {} comes twice. Choose a time before or after the repeated hour."
NEVER = "The clocks go forward that night, so there is no {}. Choose a time before or after it."


class MomentField(forms.SplitDateTimeField):
    """A date and a time in the hospital's time zone. Refuses a time that comes twice, or never."""

    widget = UnfoldAdminSplitDateTimeWidget

    def compress(self, data_list: Any) -> datetime | None:
        try:
            return super().compress(data_list)
        except ValidationError as error:
            if error.code != "ambiguous_timezone":
                raise
        day, clock = data_list
        local = datetime.combine(day, clock, tzinfo=timezone.get_current_timezone())
        sentence = TWICE if words.comes_twice(local) else NEVER
        raise ValidationError(sentence.format(f"{clock:%H:%M}"))


class CoverForm(forms.ModelForm[Cover]):
    """A cover, checked against the others of the same person."""

    begins = MomentField(label="From")
    ends = MomentField(label="Until")

    class Meta:
        model = Cover
        fields = ("clinician", "by", "reason")
        help_texts: ClassVar = {
            "by": "Empty: nobody. Then a plan goes on to its next step at once.",
            "reason": "For example “Leave”. Everybody who sees the cover reads it, so write nothing about health.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            period = self.instance.period
            self.initial.update(begins=period.lower, ends=period.upper)

    def clean(self) -> dict[str, Any]:
        super().clean()
        clinician, by = self.cleaned_data.get("clinician"), self.cleaned_data.get("by")
        if clinician and clinician == by:
            self.add_error("by", "Nobody covers for themselves.")
        begins, ends = self.cleaned_data.get("begins"), self.cleaned_data.get("ends")
        if begins and ends:
            self._check_times(begins, ends, clinician)
        return self.cleaned_data

    def _check_times(self, begins: datetime, ends: datetime, clinician: Clinician | None) -> None:
        if ends <= begins:
            self.add_error("ends", "A cover ends after it begins.")
            return
        if ends <= timezone.now() and "ends" in self.changed_data:
            self.add_error("ends", "This is in the past: the cover would apply to no alert.")
            return
        other = clinician and covers.overlapping(clinician, begins, ends, but=self.instance.pk)
        if other:
            self.add_error(
                None,
                f"{clinician} is away already from {words.span(other)}, and {words.who_covers(other)}. Change "
                "that, or choose another time.",
            )
            return
        self.instance.period = Range(begins, ends)
