"""Preference templates in the admin, with the same matrix as a clinician."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest

from contacts import preferences
from contacts.admin.form import PRIORITY_FIELDS, PreferenceTemplateForm
from contacts.admin.priority_columns import by_priority
from contacts.choices import in_words
from contacts.models import PreferenceTemplate
from theme.guard import Guarded

DESCRIPTION = (
    "Channels are tried from left to right until one succeeds. "
    "Where none is chosen, each clinician keeps their own channels."
)


@admin.register(PreferenceTemplate)
class PreferenceTemplateAdmin(Guarded):
    """The list of templates, and the page of each."""

    form = PreferenceTemplateForm
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("Which channels to try", {"fields": tuple(PRIORITY_FIELDS.values()), "description": DESCRIPTION}),
    )

    warn_unsaved_form = True
    list_display = ("name", "high_in_words", "medium_in_words", "low_in_words")
    high_in_words, medium_in_words, low_in_words = by_priority(
        lambda template, priority: in_words(template.wanted().get(priority, ()))
    )
    search_fields = ("name",)

    class Media:
        css: ClassVar = {"all": ("contacts/clinician.css",)}

    def save_model(
        self,
        request: HttpRequest,
        obj: PreferenceTemplate,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        super().save_model(request, obj, form, change)
        for priority, channels in obj.wanted().items():
            for risk in preferences.risks(priority, channels):
                messages.warning(request, risk)
