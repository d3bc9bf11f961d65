"""The span of time of a report: whole days, in the hospital's time zone."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from unfold.widgets import UnfoldAdminDateWidget

LONGEST = timedelta(days=366)
MOST_DAYS = 62
"""The longest span that is shown by day; longer ones are shown by month."""
WRITTEN = "d/m/Y"
"""The format of a date in the calendars of forms and filters."""


@dataclass(frozen=True)
class Span:
    """From the beginning of one day to the end of another."""

    since: date
    until: date

    @property
    def begins(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.since, time.min))

    @property
    def ends(self) -> datetime:
        """The last instant of the span, for the list's filter by time."""
        return timezone.make_aware(datetime.combine(self.until, time.max))

    @property
    def unit(self) -> str:
        """The unit of the charts: a day or a month."""
        return "day" if self.until - self.since < timedelta(days=MOST_DAYS) else "month"

    def within(self, begin: date) -> "Span":
        """The day or the month that begins at this time, as far as it is in the span."""
        if self.unit == "day":
            return Span(begin, begin)
        return Span(max(begin, self.since), min(_first_of_next(begin) - timedelta(days=1), self.until))

    def parts(self) -> list[date]:
        """The beginnings of its days or months."""
        if self.unit == "day":
            return [self.since + timedelta(days=each) for each in range((self.until - self.since).days + 1)]
        found = [self.since.replace(day=1)]
        while (following := _first_of_next(found[-1])) <= self.until:
            found.append(following)
        return found

    def name_of(self, begin: date) -> str:
        """The title of a day or a month."""
        return date_format(begin, "D j M" if self.unit == "day" else "M Y")

    def of_form(self) -> dict[str, str]:
        """The query for `SpanForm`."""
        return {"since": _written(self.since), "until": _written(self.until)}

    def of_list(self) -> dict[str, str]:
        """The query for the list's filter by time."""
        return {"created_at_from_0": _written(self.since), "created_at_to_0": _written(self.until)}

    def __str__(self) -> str:
        return f"{date_format(self.since, 'j M Y')} to {date_format(self.until, 'j M Y')}"


def usual(today: date) -> dict[str, Span]:
    """The usual spans, by their names. The first is the default."""
    this_month = today.replace(day=1)
    last_month = this_month - timedelta(days=1)
    return {
        "Last 7 days": Span(today - timedelta(days=6), today),
        "Last 30 days": Span(today - timedelta(days=29), today),
        "This month": Span(this_month, today),
        "Last month": Span(last_month.replace(day=1), last_month),
    }


class SpanForm(forms.Form):
    """The form: the first and the last day."""

    since = forms.DateField(label="From", widget=UnfoldAdminDateWidget)
    until = forms.DateField(label="Until, with that day", widget=UnfoldAdminDateWidget)

    @classmethod
    def asked(cls, given: Any) -> "SpanForm":
        """The form as it was sent; with the last days as default."""
        first = next(iter(usual(timezone.localdate()).values()))
        return cls(given if "since" in given or "until" in given else first.of_form())

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError if the span is impossible or too long."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            raise forms.ValidationError("The last day is before the first.")
        if since and until and until - since >= LONGEST:
            raise forms.ValidationError("Choose at most a year. Longer spans: one year after the other.")
        return data

    @property
    def span(self) -> Span | None:
        """The span that was asked for; None if it cannot be read."""
        return Span(**self.cleaned_data) if self.is_valid() else None


def _first_of_next(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=31)).replace(day=1)


def _written(day: date) -> str:
    return date_format(day, WRITTEN)
