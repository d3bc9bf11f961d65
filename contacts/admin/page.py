"""The page of one clinician: name, addresses, and the channels for each priority.

While somebody edits it, the page asks `preview_view` for errors and for what would happen, by the rules of saving.
"""

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.db import IntegrityError
from django.forms.widgets import Script
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.text import get_text_list

from contacts import history, locks, preferences, problems
from contacts.admin import conflicts, preview
from contacts.admin.form import PRIORITY_FIELDS, ClinicianForm
from contacts.choices import Channel
from contacts.lookalikes import departments
from contacts.models import ADDRESS_FIELDS, EDITABLE, Clinician, PreferenceTemplate
from theme.deletion import KeptIfNamed
from theme.history import ChangesAdmin, LatestChanges

MATRIX = "Which channels to try"
PERSON = tuple(field for field in EDITABLE if field not in ADDRESS_FIELDS)
"""Shown two in a row."""


class ChangesTab(LatestChanges):
    """The latest changes to a clinician."""

    model = Clinician.history.model
    changes = history.changes


class ClinicianPage(KeptIfNamed, ChangesAdmin):
    """The change form, its preview and its history."""

    form = ClinicianForm
    fieldsets = (
        (None, {"fields": tuple(PERSON[first : first + 2] for first in range(0, len(PERSON), 2))}),
        ("Where they can be reached", {"fields": (ADDRESS_FIELDS,)}),
        (MATRIX, {"fields": tuple(PRIORITY_FIELDS.values())}),
    )
    warn_unsaved_form = True
    compressed_fields = False
    change_form_after_template = "contacts/clinician/now.html"
    latest_changes = ChangesTab
    instead = "Untick “Active” there instead: alerts for them are then refused, and the sender gets an error."

    class Media:
        css: ClassVar = {"all": ("contacts/clinician.css",)}
        js = (Script("contacts/clinician.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)
        return [
            path("preview/", view, name="contacts_clinician_preview"),
            path("<path:object_id>/preview/", view, name="contacts_clinician_preview_of"),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Save under a lock, so that the form can refuse to undo a colleague's change."""
        key = int(unquote(object_id)) if object_id else None

        def respond() -> HttpResponse:
            # Read the version before the clinician: a change of a colleague between the two must not count as known.
            version = {"version": conflicts.version(key)} if key else {}
            context = {**(extra_context or {}), **version}
            response: HttpResponse = super(ClinicianPage, self).changeform_view(
                request, object_id, form_url, context
            )
            return response

        if request.method != "POST":
            return respond()
        try:
            with locks.transaction_with_locks():
                if key and not locks.locked(Clinician.objects.filter(pk=key)).first():
                    return self._respond_to_deleted(request, key) or respond()
                return respond()
        except IntegrityError:
            # A colleague has just taken the contact ID, or the page was sent twice: now the form sees it.
            return respond()
        except locks.LockedError as error:
            request.refusal = str(error)  # type: ignore[attr-defined]
            return respond()

    def get_form(
        self,
        request: HttpRequest,
        obj: Clinician | None = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> type[ClinicianForm]:
        form: type[ClinicianForm] = super().get_form(request, obj, change, **kwargs)
        form.refusal = getattr(request, "refusal", "")
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Clinician | None = None) -> Any:
        """Add the introduction to the matrix, with the templates for users who may change it."""
        templates = list(PreferenceTemplate.objects.all()) if self._may_save(request, obj) else []
        intro = render_to_string("contacts/clinician/matrix.html", preview.templates(templates))
        return tuple(
            (title, {**options, "description": intro} if title == MATRIX else options)
            for title, options in super().get_fieldsets(request, obj)
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what would happen now, with the saved values."""
        clinician = self.saved(request, kwargs.get("obj"))
        name = "contacts_clinician_preview" + ("_of" if clinician else "")
        if set(context["adminform"].form.errors) == {NON_FIELD_ERRORS}:
            context["errors"] = None  # or unfold asks to correct the marked fields, and none is marked
        context["show_save_and_continue"] = False  # Save stays on the page, where the tests are
        context["show_history"] = False  # the tab with the changes leads to all of them
        context["now"] = preview.saved(clinician or Clinician())
        if self._may_save(request, clinician):
            context["departments"] = departments.one_spelling_each()
            context["preview_url"] = reverse(f"admin:{name}", args=[clinician.pk] if clinician else [])
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def saved(self, request: HttpRequest, shown: Clinician | None) -> Clinician | None:
        """The clinician as stored: a refused form has already changed `shown`."""
        if shown is None or request.method != "POST":
            return shown
        found: Clinician | None = self.get_object(request, str(shown.pk))
        return found

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """The errors of the posted form, and what would happen if it were saved. Saves nothing."""
        clinician = None if object_id is None else self.get_object(request, unquote(object_id))
        if not self._may_save(request, clinician):
            raise PermissionDenied
        if object_id is not None and clinician is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form_class = self.get_form(request, clinician, change=clinician is not None)
        data = request.POST.copy()
        data.pop("seen", None)  # conflicts with colleagues are reported when the form is saved
        return JsonResponse(preview.posted(form_class(data, instance=clinician)))

    def save_model(self, request: HttpRequest, obj: Clinician, form: Any, change: bool) -> None:  # noqa: FBT001
        # `preferences.replace` writes one history entry for both.
        obj.skip_history_when_saving = True  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)
        wanted = form.chosen()
        preferences.replace(form.instance, wanted)
        unreachable = [priority.label for priority, channels in wanted.items() if not channels]
        if unreachable:
            messages.warning(
                request,
                f"No channel is chosen for {get_text_list(unreachable, 'and')} priority: such alerts for "
                f"{form.instance} are refused.",
            )
        for priority, channels in wanted.items():
            for risk in preferences.risks(priority, channels):
                messages.warning(request, risk)
        for doubt in problems.number_doubts(form.instance, list(Channel)):
            messages.warning(request, doubt)

    def _may_save(self, request: HttpRequest, clinician: Clinician | None) -> bool:
        if clinician is None:
            return bool(self.has_add_permission(request))
        return bool(self.has_change_permission(request, clinician))

    def _respond_to_deleted(self, request: HttpRequest, key: int) -> HttpResponse | None:
        sentence = conflicts.deletion(key) if self.has_change_permission(request) else ""
        if not sentence:
            return None
        messages.error(request, sentence)
        return HttpResponseRedirect(reverse("admin:contacts_clinician_changelist"))
