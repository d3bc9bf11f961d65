"""The action of the list by which a template of preferences is applied to the clinicians that were chosen there."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelectWidget

from contacts import preference_templates
from contacts.models import Clinician, PreferenceTemplate
from contacts.preference_templates import Effect

LISTED = 50
"""Of those with whom something is the matter, so many are named; the rest is counted."""


class TemplateChoice(forms.Form):
    """Which template."""

    template = forms.ModelChoiceField(
        PreferenceTemplate.objects.all(), empty_label="Choose one", widget=UnfoldAdminSelectWidget()
    )


@action(description="Apply a preference template …", permissions=["change"])
def apply_template(
    modeladmin: Any, request: HttpRequest, queryset: QuerySet[Clinician]
) -> HttpResponse | None:
    """Choose a template, see for whom it cannot be applied wholly, confirm."""
    if not modeladmin.has_change_permission(request):
        raise PermissionDenied
    choice = TemplateChoice(request.POST if "template" in request.POST else None)
    template: PreferenceTemplate | None = choice.cleaned_data["template"] if choice.is_valid() else None
    if template is not None and "confirmed" in request.POST:
        done = preference_templates.apply(template, queryset, request.user)
        modeladmin.message_user(request, _told(template, done), messages.SUCCESS)
        return None
    chosen = queryset.order_by("name", "contact_id").prefetch_related("preferences")
    expected = preference_templates.effects(template, chosen) if template else []
    partly = [effect for effect in expected if effect.missing]
    context = {
        **modeladmin.admin_site.each_context(request),
        "title": "Apply a preference template",
        "opts": modeladmin.opts,
        "choice": choice,
        "template": template,
        "count": len(expected) if template else queryset.count(),
        "changing": sum(effect.changes for effect in expected),
        "partly": partly[:LISTED],
        "more": len(partly[LISTED:]),
        # Not every id: of ten thousand that were chosen with "select all" the list knows them by its filters again.
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
        "selected_name": ACTION_CHECKBOX_NAME,
        "select_across": request.POST.get("select_across", "0"),
        "action": request.POST.get("action", "apply_template"),
        "media": modeladmin.media,
    }
    return TemplateResponse(request, "contacts/clinician/apply_template.html", context)


def _told(template: PreferenceTemplate, done: list[Effect]) -> str:
    changed = sum(effect.changes for effect in done)
    partly = sum(bool(effect.missing) for effect in done)
    sentence = f"“{template.name}” was applied: {changed} of {len(done)} changed."
    return (
        f"{sentence} For {partly} an address is missing, so it was applied in part." if partly else sentence
    )
