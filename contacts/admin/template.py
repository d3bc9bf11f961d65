"""The page of a template of preferences: its name, and the same matrix as a clinician's."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from contacts import preferences
from contacts.admin.form import PRIORITY_FIELDS, PreferenceTemplateForm
from contacts.choices import in_words
from contacts.models import PreferenceTemplate

LEFT_AS_IT_IS = (
    "Channels are tried from left to right until one succeeds. "
    "A priority for which none is chosen here is left as each clinician has it."
)


class PreferenceTemplatePage:
    """For a ModelAdmin."""

    form = PreferenceTemplateForm
    fieldsets = (
        (None, {"fields": ("name",)}),
        ("Which channels to try", {"fields": tuple(PRIORITY_FIELDS.values()), "description": LEFT_AS_IT_IS}),
    )

    class Media:
        css: ClassVar = {"all": ("contacts/clinician.css",)}

    def save_model(
        self,
        request: HttpRequest,
        obj: PreferenceTemplate,
        form: Any,
        change: bool,  # noqa: FBT001
    ) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        for priority, channels in obj.wanted().items():
            for risk in preferences.risks(priority, channels):
                messages.warning(request, risk)


@admin.register(PreferenceTemplate)
class PreferenceTemplateAdmin(PreferenceTemplatePage, ModelAdmin):
    """Templates of preferences."""

    warn_unsaved_form = True
    list_display = ("name", "high_in_words", "medium_in_words", "low_in_words")
    search_fields = ("name",)

    @display(description="High")
    def high_in_words(self, template: PreferenceTemplate) -> str:
        return in_words(template.high)

    @display(description="Medium")
    def medium_in_words(self, template: PreferenceTemplate) -> str:
        return in_words(template.medium)

    @display(description="Low")
    def low_in_words(self, template: PreferenceTemplate) -> str:
        return in_words(template.low)
