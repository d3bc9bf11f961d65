"""The page of one clinician: who they are, how they are reached, in what order for each priority, and what that means.

While it is edited, the page asks `preview` what is wrong and what would happen: the rules are those of saving it.
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

from contacts import history, locks, preferences
from contacts.admin import conflicts, preview
from contacts.admin.form import PRIORITY_FIELDS, ClinicianForm
from contacts.admin.history_tab import ChangesTab
from contacts.models import ADDRESS_FIELDS, EDITABLE, Clinician, PreferenceTemplate

MATRIX = "Which channels to try"
PERSON = tuple(field for field in EDITABLE if field not in ADDRESS_FIELDS)
"""Shown two in a row."""


class ClinicianPage:
    """For a ModelAdmin whose history is simple-history's."""

    form = ClinicianForm
    fieldsets = (
        (None, {"fields": tuple(PERSON[first : first + 2] for first in range(0, len(PERSON), 2))}),
        ("Where they can be reached", {"fields": (ADDRESS_FIELDS,)}),
        (MATRIX, {"fields": tuple(PRIORITY_FIELDS.values())}),
    )
    warn_unsaved_form = True
    compressed_fields = False
    change_form_after_template = "contacts/clinician/now.html"
    change_form_datasets = (ChangesTab,)

    class Media:
        css: ClassVar = {"all": ("contacts/clinician.css",)}
        js = (Script("contacts/clinician.js", type="module"),)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_view)  # type: ignore[attr-defined]
        return [
            path("preview/", view, name="contacts_clinician_preview"),
            path("<path:object_id>/preview/", view, name="contacts_clinician_preview_of"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form carries the version that it shows; who saves an older one is told what a colleague saved since."""

        def answer(*, key: int | None = None) -> HttpResponse:
            # Asked for before the clinician is read, or a colleague's change might come between the two.
            version = {"version": conflicts.version(key)} if key else {}
            context = {**(extra_context or {}), **version}
            return super(ClinicianPage, self).changeform_view(request, object_id, form_url, context)  # type: ignore[misc,no-any-return]

        key = int(unquote(object_id)) if object_id and unquote(object_id).isdecimal() else None
        if request.method != "POST":
            return answer(key=key)
        try:
            with locks.transaction_with_locks():
                if key and not locks.locked(Clinician.objects.filter(pk=key)).first():
                    return self._deleted(request, key) or answer()
                return answer(key=key)
        except IntegrityError:
            # Somebody else has just taken the contact ID, or the same page was sent twice: now the form sees it.
            return answer(key=key)
        except locks.TakenError as error:
            request.refusal = str(error)  # type: ignore[attr-defined]
            return answer(key=key)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not unquote(object_id).isdecimal():
            raise Http404
        return super().history_view(request, object_id, extra_context)  # type: ignore[misc,no-any-return]

    def get_form(
        self,
        request: HttpRequest,
        obj: Clinician | None = None,
        change: bool = False,  # noqa: FBT001, FBT002
        **kwargs: Any,
    ) -> type[ClinicianForm]:
        form: type[ClinicianForm] = super().get_form(request, obj, change, **kwargs)  # type: ignore[misc]
        form.refusal = getattr(request, "refusal", "")
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Clinician | None = None) -> Any:
        """Above the matrix stands how to fill it; for those who may, with the templates to fill it from."""
        templates = list(PreferenceTemplate.objects.all()) if self._may_save(request, obj) else []
        intro = render_to_string("contacts/clinician/matrix.html", preview.templates(templates))
        return tuple(
            (title, {**options, "description": intro} if title == MATRIX else options)
            for title, options in super().get_fieldsets(request, obj)  # type: ignore[misc]
        )

    def get_changeform_datasets(self, request: HttpRequest) -> list[Any]:
        """unfold's tabs; there are none where there is no clinician yet."""
        is_there = request.resolver_match and "object_id" in request.resolver_match.kwargs
        return list(super().get_changeform_datasets(request)) if is_there else []  # type: ignore[misc]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Adds what would happen now, by what is saved."""
        clinician = self.saved(request, kwargs.get("obj"))
        name = "contacts_clinician_preview" + ("_of" if clinician else "")
        if set(context["adminform"].form.errors) == {NON_FIELD_ERRORS}:
            context["errors"] = None  # or unfold would ask to correct what is marked below, where nothing is
        context["now"] = preview.saved(clinician or Clinician())
        if self._may_save(request, clinician):
            context["preview_url"] = reverse(f"admin:{name}", args=[clinician.pk] if clinician else [])
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc,no-any-return]

    def saved(self, request: HttpRequest, shown: Clinician | None) -> Clinician | None:
        """The clinician of a page as the database has them: the form writes into `shown` what it then refuses."""
        if shown is None or request.method != "POST":
            return shown
        found: Clinician | None = self.get_object(request, str(shown.pk))  # type: ignore[attr-defined]
        return found

    def preview_view(self, request: HttpRequest, object_id: str | None = None) -> HttpResponse:
        """What is wrong with the form as it stands, and what would happen if it were saved. Saves nothing."""
        clinician = None
        if object_id is not None:
            clinician = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if not self._may_save(request, clinician):
            raise PermissionDenied
        if object_id is not None and clinician is None:
            raise Http404
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        form_class = self.get_form(request, clinician, change=clinician is not None)
        typed = request.POST.copy()
        typed.pop("seen", None)  # what a colleague saved meanwhile is told when it is saved
        return JsonResponse(preview.considered(form_class(typed, instance=clinician)))

    def save_model(self, request: HttpRequest, obj: Clinician, form: Any, change: bool) -> None:  # noqa: FBT001
        obj.skip_history_when_saving = True  # type: ignore[attr-defined]  # the preferences' entry tells both
        super().save_model(request, obj, form, change)  # type: ignore[misc]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        wanted = form.chosen()
        preferences.replace(form.instance, wanted)
        unreachable = [priority.label for priority, channels in wanted.items() if not channels]
        if unreachable:
            self._warn(
                request,
                f"No channel is chosen for {get_text_list(unreachable, 'and')} priority: such alerts for "
                f"{form.instance} are refused.",
            )
        for priority, channels in wanted.items():
            for risk in preferences.risks(priority, channels):
                self._warn(request, risk)

    def set_history_delta_changes(
        self,
        request: HttpRequest,
        historical_records: Any,
        foreign_keys_are_objs: bool = True,  # noqa: FBT001, FBT002
    ) -> None:
        history.explain(list(historical_records))

    def _may_save(self, request: HttpRequest, clinician: Clinician | None) -> bool:
        admin: Any = self
        return bool(
            admin.has_change_permission(request, clinician)
            if clinician
            else admin.has_add_permission(request)
        )

    def _deleted(self, request: HttpRequest, key: int) -> HttpResponse | None:
        admin: Any = self
        sentence = conflicts.deletion(key) if admin.has_change_permission(request) else ""
        if not sentence:
            return None
        admin.message_user(request, sentence, messages.ERROR)
        return HttpResponseRedirect(reverse("admin:contacts_clinician_changelist"))

    def _warn(self, request: HttpRequest, sentence: str) -> None:
        self.message_user(request, sentence, messages.WARNING)  # type: ignore[attr-defined]
