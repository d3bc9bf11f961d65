"""Choosing a clinician in a form: by typing a part of the name or of the contact ID."""

from typing import Any

from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.widgets import AutocompleteSelect
from django.http import HttpRequest


class ClinicianSelect(AutocompleteSelect):
    """Django's widget, with words if nobody is chosen: an empty one would have no name for screen readers."""

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> dict[str, Any]:
        return {**super().build_attrs(base_attrs, extra_attrs), "data-placeholder": "Choose a clinician"}


class ChoosesClinicians(BaseModelAdmin):  # type: ignore[type-arg]  # not generic when Django runs
    """For admins and inlines with foreign keys to clinicians. Clinicians are added and changed on their own pages."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.autocomplete_fields:
            kwargs["widget"] = ClinicianSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        for may in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, may):
                setattr(field.widget, may, False)
        return field
