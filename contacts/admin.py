"""Clinicians in the admin: who they are, how they are reached, and in what order for each priority."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from contacts import preferences
from contacts.choices import Priority
from contacts.forms import PRIORITY_FIELDS, ClinicianForm
from contacts.models import ADDRESS_FIELDS, Clinician

HOW_CHANNELS_ARE_TRIED = (
    "Channels are tried from left to right until one succeeds. "
    "With none chosen, alerts of that priority are refused, and their sender is told."
)


@admin.register(Clinician)
class ClinicianAdmin(admin.ModelAdmin[Clinician]):
    """One page for each clinician. `high`, `medium` and `low` are the form's fields where it may be edited."""

    form = ClinicianForm
    list_display = ("name", "contact_id", "department", "active", "high", "medium", "low")
    list_filter = ("active", "department")
    search_fields = ("name", "contact_id", *ADDRESS_FIELDS.values())
    search_help_text = "Search by name, contact ID, telephone number or e-mail address."
    fieldsets = (
        (None, {"fields": ("name", "contact_id", "role", "department", "active")}),
        ("Where they can be reached", {"fields": tuple(ADDRESS_FIELDS.values())}),
        (
            "Which channels to try",
            {"fields": tuple(PRIORITY_FIELDS.values()), "description": HOW_CHANNELS_ARE_TRIED},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clinician]:
        return super().get_queryset(request).prefetch_related("preferences")

    @admin.display(description="High")
    def high(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.HIGH)

    @admin.display(description="Medium")
    def medium(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.MEDIUM)

    @admin.display(description="Low")
    def low(self, clinician: Clinician) -> str:
        return _in_words(clinician, Priority.LOW)

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


def _in_words(clinician: Clinician, priority: Priority) -> str:
    """`Telephone call → SMS`."""
    return (
        " → ".join(channel.label for channel in preferences.channels_by_priority(clinician)[priority]) or "—"
    )
