"""The page of a template of preferences: its name, and the same matrix as a clinician's."""

from typing import ClassVar

from contacts.forms import PRIORITY_FIELDS, PreferenceTemplateForm

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
