"""Alerts in the admin: to read, never to edit. What was sent is a record."""

from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import (
    ChoicesCheckboxFilter,
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)
from unfold.decorators import display

from alerts.models import Alert, Attempt, Delivery
from alerts.states import DELIVERY_MEANING, AlertStatus, DeliveryState, Reason

STATUS_COLOURS = {
    AlertStatus.ACCEPTED.label: "info",
    AlertStatus.SENT.label: "success",
    AlertStatus.DELIVERED.label: "success",
    AlertStatus.ACKNOWLEDGED.label: "success",
    AlertStatus.FAILED.label: "danger",
    AlertStatus.CANCELLED.label: "warning",
}


class ReadOnly(admin.options.BaseModelAdmin[Any]):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DeliveryInline(ReadOnly, TabularInline):
    """The channels that were tried, and what each came to in plain words."""

    model = Delivery
    fields = (
        "channel",
        "address",
        "state",
        "meaning",
        "attempt_count",
        "possible_duplicate",
        "created_at",
        "finished_at",
    )
    readonly_fields = ("meaning",)
    show_change_link = True
    extra = 0

    @display(description="what that means")
    def meaning(self, delivery: Delivery) -> str:
        return explain(delivery)


class StatusFilter(DropdownFilter):
    """By what the client was told."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(AlertStatus.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(models.Q(("status", self.value()))) if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnly, ModelAdmin):
    """Alerts, newest first."""

    list_display = ("message_id", "status", "priority", "clinician", "type", "client", "created_at")
    list_filter_submit = True  # the range of time needs it
    list_filter = (
        StatusFilter,
        ("priority", ChoicesCheckboxFilter),
        ("client", RelatedDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("clinician", "client")
    search_fields = ("message_id", "patient_id", "contact_id", "clinician__name")
    search_help_text = "Search by message ID, patient reference, contact ID or name."
    inlines = (DeliveryInline,)
    fields = (
        "message_id", "status", "state", "priority", "type", "description", "patient_id", "clinician", "contact_id",
        "client", "created_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return Alert.objects.with_status().order_by(*self.get_ordering(request) or ("-created_at", "-id"))

    @display(ordering="status", label=STATUS_COLOURS)
    def status(self, alert: Alert) -> str:
        return AlertStatus(alert.status).label


class AttemptInline(ReadOnly, TabularInline):
    """Each call to the provider."""

    model = Attempt
    fields = ("number", "state", "reason", "code", "provider_id", "late", "started_at", "finished_at")
    extra = 0


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, ModelAdmin):
    """One channel of one alert, with its attempts."""

    list_display = ("id", "alert", "clinician", "channel", "state", "reason", "priority", "created_at")
    list_filter_submit = True
    list_filter = (
        ("state", ChoicesCheckboxFilter),
        ("reason", ChoicesDropdownFilter),
        ("channel", ChoicesCheckboxFilter),
        ("priority", ChoicesCheckboxFilter),
    )
    list_select_related = ("alert", "clinician")
    search_fields = ("alert__message_id", "clinician__name", "provider_id")
    inlines = (AttemptInline,)


def explain(delivery: Delivery) -> str:
    """What the delivery's state means for a telephone, and why it failed."""
    meaning = DELIVERY_MEANING[DeliveryState(delivery.state)]
    return f"{meaning} {Reason(delivery.reason).label}" if delivery.reason else meaning
