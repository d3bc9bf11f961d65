"""Clinicians in the admin: who they are, how they are reached, and in what order for each priority."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin
from unfold.decorators import display

from contacts import history, preferences
from contacts.bulk_admin import ChangesToMany
from contacts.choices import Priority, in_words
from contacts.exchange import ImportAndExport
from contacts.forms import PRIORITY_FIELDS, ClinicianForm
from contacts.listing import ListOfClinicians
from contacts.models import ADDRESS_FIELDS, Clinician

HOW_CHANNELS_ARE_TRIED = (
    "Channels are tried from left to right until one succeeds. "
    "With none chosen, alerts of that priority are refused, and their sender is told."
)


@admin.register(Clinician)
class ClinicianAdmin(ListOfClinicians, ChangesToMany, ImportAndExport, SimpleHistoryAdmin, ModelAdmin):
    """One page for each clinician. `high`, `medium` and `low` are the form's fields where it may be edited."""

    form = ClinicianForm
    fieldsets = (
        (None, {"fields": ("name", "contact_id", "role", "department", "active")}),
        ("Where they can be reached", {"fields": tuple(ADDRESS_FIELDS.values())}),
        (
            "Which channels to try",
            {"fields": tuple(PRIORITY_FIELDS.values()), "description": HOW_CHANNELS_ARE_TRIED},
        ),
    )

    def get_urls(self) -> list[URLPattern]:
        # Without simple-history's page of an entry: it saves what is posted by anybody who may look.
        return [url for url in super().get_urls() if url.name != "contacts_clinician_simple_history"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clinician]:
        found: QuerySet[Clinician] = super().get_queryset(request)
        return found.prefetch_related("preferences")

    @display(description="High")
    def high(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.HIGH)

    @display(description="Medium")
    def medium(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.MEDIUM)

    @display(description="Low")
    def low(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.LOW)

    def save_model(self, request: HttpRequest, obj: Clinician, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.skip_history_when_saving = True  # type: ignore[attr-defined]  # the preferences' entry tells both
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        wanted = form.chosen()
        preferences.replace(form.instance, wanted)
        unreachable = [priority.label for priority, channels in wanted.items() if not channels]
        if unreachable:
            self.message_user(
                request,
                f"No channel is chosen for {' and '.join(unreachable)} priority: such alerts for "
                f"{form.instance} are refused.",
                messages.WARNING,
            )

    def set_history_delta_changes(
        self,
        request: HttpRequest,
        historical_records: Any,
        foreign_keys_are_objs: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        history.explain(list(historical_records))


def _in_words(clinician: Clinician, priority: Priority) -> str:
    return in_words(preferences.channels_by_priority(clinician)[priority])
