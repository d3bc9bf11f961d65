"""Clinicians in the admin: who they are, how they are reached, and in what order for each priority."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from contacts.choices import Priority
from contacts.forms import ClinicianForm, field_names
from contacts.models import Clinician


def _row(priority: Priority) -> tuple[str, Any]:
    fields = (field_names(priority),)
    hint = "Channels are tried from left to right until one succeeds."
    return f"{priority.label} priority", {"fields": fields, "description": hint}


@admin.register(Clinician)
class ClinicianAdmin(admin.ModelAdmin[Clinician]):
    """One page for each clinician."""

    form = ClinicianForm
    list_display = ("name", "contact_id", "role", "department", "active")
    list_filter = ("active", "department")
    search_fields = ("name", "contact_id", "call_number", "sms_number", "email")
    fieldsets = (
        (None, {"fields": (("contact_id", "active"), "name", ("role", "department"))}),
        ("How they can be reached", {"fields": ("call_number", "sms_number", "email")}),
        *(_row(priority) for priority in Priority),
    )

    def save_related(
        self,
        request: HttpRequest,
        form: forms.ModelForm[Clinician],
        formsets: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        super().save_related(request, form, formsets, change)
        if isinstance(form, ClinicianForm):
            form.save_preferences()
