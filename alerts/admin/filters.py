"""The filters of the list of alerts that unfold does not have. `list.py` says which are used."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter

from alerts import labels
from alerts.answer_report.conditions import Counted
from alerts.models import Alert, Delivery, Engagement
from alerts.models.alert import AlertQuerySet
from alerts.sending import breaker, delays
from alerts.states import AlertState, AlertStatus, EngagementState, ResponsibilityState
from contacts.admin.filters import DepartmentFilter
from contacts.choices import Channel
from contacts.lookalikes import departments

ATTENTION, DOUBT, IN_VAIN = "attention", "doubt", "in-vain"
ENDED = "ended"
NIGHT_BEGINS, NIGHT_ENDS = time(20), time(8)
"""The night shift."""
SHOWN = "j M Y H:i"
NO_DATE = "is not a date, so no alerts are shown. Choose one in the calendar."
NO_TIME = "is not a time, so no alerts are shown. Write it as 14:30."


class StatusFilter(DropdownFilter):
    """By the status that the list shows, and by whether staff still have to look at it."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (ATTENTION, "Failed or may have arrived, and not dealt with"),
            *[(status.value, str(status.label)) for status in AlertStatus],
            (IN_VAIN, "Queued, and tries keep failing"),
            (DOUBT, labels.IN_DOUBT),
            (AlertState.CLOSED.value, str(AlertState.CLOSED.label)),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        wanted = self.value()
        if not wanted:
            return queryset
        find = _FINDS.get(wanted)
        if find is None and wanted not in AlertStatus.values:
            return queryset.none()
        alerts: Any = queryset
        found: QuerySet[Alert] = find(alerts) if find else alerts.having_status(wanted)
        return found


def _tried_in_vain(alerts: AlertQuerySet) -> AlertQuerySet:
    found = delays.tried_in_vain(breaker.channels_down())
    # These rows are few, so find them first: PostgreSQL expects many, and would compare every alert with all of them.
    return alerts.filter(pk__in=list(found.order_by().values_list("pk", flat=True)))


_FINDS: dict[str, Callable[[AlertQuerySet], AlertQuerySet]] = {
    ATTENTION: AlertQuerySet.needing_attention,
    IN_VAIN: _tried_in_vain,
    DOUBT: lambda alerts: alerts.having_status(AlertStatus.FAILED).in_doubt(),
    AlertStatus.FAILED: lambda alerts: alerts.having_status(AlertStatus.FAILED).without_doubt(),
    AlertState.CLOSED: lambda alerts: alerts.filter(state=AlertState.CLOSED),
}


class ResponsibilityFilter(DropdownFilter):
    """By who has taken it on, among alerts that somebody was asked to take on."""

    title = "taken on by"
    parameter_name = "responsibility"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (ResponsibilityState.EXHAUSTED.value, "Nobody, and nobody is left to ask"),
            (ResponsibilityState.UNDEFINED.value, "Nobody yet"),
            (ResponsibilityState.ACCEPTED.value, "Somebody"),
            (ENDED, "Nobody, when it ended"),
            (ResponsibilityState.NONE.value, "Nobody was asked"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if not self.value():
            return queryset
        find = _RESPONSIBLE.get(self.value() or "")
        return find(queryset) if find else queryset.none()


_ACCEPTED = Engagement.objects.filter(state=EngagementState.ACCEPTED).order_by().values("alert")
_OPEN = Q(has_loop=True, state=AlertState.OPEN)
"""The condition of the index `alert_unanswered`."""
_RESPONSIBLE: dict[str, Callable[[QuerySet[Alert]], QuerySet[Alert]]] = {
    ResponsibilityState.EXHAUSTED: lambda alerts: alerts.filter(_OPEN, loop__ended_at__isnull=False),
    ResponsibilityState.UNDEFINED: lambda alerts: alerts.filter(_OPEN, loop__ended_at=None),
    ResponsibilityState.ACCEPTED: lambda alerts: alerts.filter(has_loop=True, pk__in=_ACCEPTED),
    ENDED: lambda alerts: alerts.filter(has_loop=True).exclude(_OPEN).exclude(pk__in=_ACCEPTED),
    ResponsibilityState.NONE: lambda alerts: alerts.filter(has_loop=False),
}


class AnswersFilter(DropdownFilter):
    """By a figure of the report *Answers*. Only the report links to it: the list does not offer it."""

    title = "answers"
    parameter_name = "answers"

    def has_output(self) -> bool:
        return self.value() is not None  # Django uses only filters that it shows

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        counted = Counted.read(self.value() or "")
        return [(str(counted), counted.in_words())] if counted else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if not self.value():
            return queryset
        counted = Counted.read(self.value() or "")
        return counted.of(queryset) if counted else queryset.none()


class ChannelFilter(DropdownFilter):
    """By a channel that has a delivery."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(channel.value, str(channel.label)) for channel in Channel]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if not self.value():
            return queryset
        messages = Delivery.objects.filter(alert=OuterRef("pk"), channel=self.value(), notice="")
        return queryset.filter(Exists(messages))


class ClinicianDepartmentFilter(DepartmentFilter):
    """By the present department of the clinician."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(clinician__in=departments.members_of([wanted])) if wanted else queryset


class TestsFilter(DropdownFilter):
    """Channel tests, which are not shown unless somebody asks for them or searches."""

    title = "channel tests"
    parameter_name = "tests"
    all_option = ("", "Not shown")
    LATELY = timedelta(days=1)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("with", "Shown too"), ("only", "Nothing else")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        asked = self.value()
        if not asked:
            return queryset if SEARCH_VAR in request.GET else queryset.filter(is_test=False)
        if asked == "with":
            return queryset
        return queryset.filter(is_test=True) if asked == "only" else queryset.none()


def hidden_tests(request: HttpRequest, alerts: QuerySet[Alert]) -> int:
    """How many of these alerts are channel tests of the last day that `TestsFilter` hides. One query, or none."""
    if SEARCH_VAR in request.GET or request.GET.get(TestsFilter.parameter_name):
        return 0
    return alerts.filter(is_test=True, created_at__gt=Now() - TestsFilter.LATELY).count()


@dataclass(frozen=True)
class Span:
    """A span of time that people name, from its beginning until before its end."""

    label: str
    begins: datetime
    ends: datetime


def spans(now: datetime) -> dict[str, Span]:
    """The spans of `WhenFilter`, in the hospital's time zone. The present night is *Tonight*."""
    local = timezone.localtime(now)
    today, tomorrow, yesterday = (local.date() + timedelta(days=days) for days in (0, 1, -1))
    evening = today if local.time() >= NIGHT_BEGINS else yesterday
    night = _local(evening, NIGHT_BEGINS), _local(evening + timedelta(days=1), NIGHT_ENDS)
    name = "Tonight" if local < night[1] else "Last night"
    return {
        "today": Span("Today", _local(today, time.min), _local(tomorrow, time.min)),
        "night": Span(f"{name} ({NIGHT_BEGINS:%H:%M} to {NIGHT_ENDS:%H:%M})", *night),
        "week": Span("Last 7 days", _local(today - timedelta(days=6), time.min), _local(tomorrow, time.min)),
    }


class WhenFilter(DropdownFilter):
    """By a span of time that people name."""

    title = "received"
    parameter_name = "when"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.spans = spans(timezone.now())
        super().__init__(*args, **kwargs)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, span.label) for name, span in self.spans.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        name = self.value()
        if not name:
            return queryset
        if name not in self.spans:
            return queryset.none()
        span = self.spans[name]
        return queryset.filter(created_at__gte=span.begins, created_at__lt=span.ends)


def _local(day: date, hour: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, hour))


class ReceivedFilter(RangeDateTimeFilter):
    """By the time at which the alert was received, in the hospital's time zone. A date alone means the whole day.

    It reads dates and times as Django's form fields do, so that its calendar and clock work: unfold's filter accepts
    ISO dates only, and ignores everything else. Input that cannot be read finds nothing, and the page says so.
    """

    ENDS = {"from": ("gte", time.min), "to": ("lte", time.max)}  # noqa: RUF012 - never changed

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "time received"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        try:
            return queryset.filter(**self._lookups())
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
            return queryset.none()

    def in_words(self) -> str:
        """See `theme.filters.InWords`."""
        try:
            ends = self._lookups()
        except ValidationError:
            return "cannot be read"
        words = {"gte": "from", "lte": "to"}
        return " ".join(
            f"{words[name.rpartition('__')[2]]} {date_format(timezone.localtime(moment), SHOWN)}"
            for name, moment in ends.items()
        )

    def _lookups(self) -> dict[str, datetime]:
        """Raises ValidationError, with a sentence for staff."""
        lookups = {}
        for end, (lookup, usual) in self.ENDS.items():
            day, hour = (self.used_parameters.get(f"{self.parameter_name}_{end}_{part}") for part in (0, 1))
            if day or hour:
                if not day:
                    raise ValidationError("A time needs a date: choose one in the calendar.")
                day_read = _read(forms.DateField(), day, NO_DATE)
                hour_read = _read(forms.TimeField(), hour, NO_TIME) if hour else usual
                lookups[f"{self.parameter_name}__{lookup}"] = _local(day_read, hour_read)
        return lookups


def _read(field: forms.Field, written: str, advice: str) -> Any:
    """The input as the field reads it. Raises ValidationError, with a sentence for staff."""
    try:
        return field.clean(written)
    except ValidationError:
        raise ValidationError(f"“{written}” {advice}") from None
