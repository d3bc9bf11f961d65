"""Filters that unfold does not have; the list of all is in `list.py`."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter
from unfold.utils import parse_datetime_str

from alerts.models import Alert, Delivery
from alerts.states import AlertState, AlertStatus
from contacts.choices import Channel

ATTENTION = "attention"


class StatusFilter(DropdownFilter):
    """By the status that the API reports, and by whether staff still have to look at it."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            (ATTENTION, "Failed, and not dealt with"),
            *[(status.value, str(status.label)) for status in AlertStatus],
            (AlertState.CLOSED.value, str(AlertState.CLOSED.label)),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        wanted = self.value()
        if not wanted:
            return queryset
        if wanted == ATTENTION:
            return queryset.filter(pk__in=Alert.objects.needing_attention().order_by().values("pk"))
        if wanted == AlertState.CLOSED:
            return queryset.filter(state=AlertState.CLOSED)
        return queryset.having_status(wanted)  # type: ignore[attr-defined,no-any-return]


class ChannelFilter(DropdownFilter):
    """By a channel that has a delivery."""

    title = "channel"
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(channel.value, str(channel.label)) for channel in Channel]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if not self.value():
            return queryset
        return queryset.filter(Exists(Delivery.objects.filter(alert=OuterRef("pk"), channel=self.value())))


class ReceivedFilter(RangeDateTimeFilter):
    """By the time it was received, in the hospital's time zone. A date without a time means the whole day; unfold's
    filter would ignore it.
    """

    ENDS = {"from": ("gte", "00:00:00"), "to": ("lte", "23:59:59.999999")}  # noqa: RUF012 - never changed

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "time received"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        for end, (lookup, usual) in self.ENDS.items():
            day, time = (self.used_parameters.get(f"{self.parameter_name}_{end}_{part}") for part in (0, 1))
            moment = parse_datetime_str(f"{day} {time or usual}") if day else None
            if moment:
                queryset = queryset.filter(
                    **{f"{self.parameter_name}__{lookup}": timezone.make_aware(moment)}
                )
        return queryset
