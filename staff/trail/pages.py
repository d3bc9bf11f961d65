"""The pages for auditors: who did and saw what, who looked for a patient reference, and the change log."""

import csv
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from contacts.import_export.formulas import escape
from staff.trail import changes, queries

PERMISSION = "audit.view_trail"
PER_PAGE = 100
DEEPEST = 1000
"""How many pages: a shorter span finds changes further back."""
IN_FILE = 10_000
"""How many changes a file may have. A shorter span has fewer."""
USUAL = timedelta(days=30)
KINDS = {
    "": "Anything",
    "alerts.alert": "Alert (message ID)",
    "contacts.clinician": "Clinician (contact ID)",
    "oncall.plan": "Plan",
    "auth.user": "User",
    "clients.apitoken": "Token",
}
HEADINGS = ("When", "Who", "What", "Kind", "Key", "Details")


class SpanForm(forms.Form):
    """A span of days, and who."""

    since = forms.DateField(label="From", widget=UnfoldAdminDateWidget)
    until = forms.DateField(label="To", widget=UnfoldAdminDateWidget)
    person = forms.CharField(label="User name", required=False, widget=UnfoldAdminTextInputWidget)

    def clean_person(self) -> int | None:
        name = self.cleaned_data["person"].strip()
        if not name:
            return None
        found = User.objects.filter(username=name).values_list("pk", flat=True).first()
        if found is None:
            raise forms.ValidationError("There is no user with this name.")
        return found

    def span(self) -> dict[str, Any]:
        """The days as moments, and the user."""
        first, last = self.cleaned_data["since"], self.cleaned_data["until"]
        return {
            "since": timezone.make_aware(datetime.combine(first, time.min)),
            "until": timezone.make_aware(datetime.combine(last + timedelta(days=1), time.min)),
            "user_id": self.cleaned_data["person"],
        }


class EventsForm(SpanForm):
    """The form: also which object."""

    kind = forms.ChoiceField(
        label="About", choices=list(KINDS.items()), required=False, widget=UnfoldAdminSelectWidget
    )
    thing = forms.CharField(label="Which", required=False, max_length=128, widget=UnfoldAdminTextInputWidget)


class ChangesForm(SpanForm):
    """The form: also which source of changes."""

    source = forms.ChoiceField(
        label="Changes of",
        choices=[("", "Anything"), *changes.LABELS.items()],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )


class PatientForm(forms.Form):
    """The form with a patient reference. It is posted, so that the reference is in no address."""

    reference = forms.CharField(label="Patient reference", max_length=64, widget=UnfoldAdminTextInputWidget)


def view(request: HttpRequest) -> HttpResponse:
    """Who did and saw what."""
    form = EventsForm(_asked(request))
    rows: list[Any] = []
    older = ""
    if form.is_valid():
        kind, thing = form.cleaned_data["kind"], form.cleaned_data["thing"].strip()
        asked = queries.Asked(
            **form.span(), kind=kind, object_id=queries.key_of(kind, thing) if thing else ""
        )
        rows, older = _page_of(request, queries.events(asked))
    return _page(request, "events", "Trail", form=form, rows=rows, older=older, patient_form=PatientForm())


def patient_view(request: HttpRequest) -> HttpResponse:
    """Who looked for a patient reference."""
    _check(request)
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = PatientForm(request.POST)
    rows = list(queries.of_patient(form.cleaned_data["reference"])[: PER_PAGE * 5]) if form.is_valid() else []
    return _page(request, "events", "Who looked for this patient reference", patient_form=form, rows=rows)


def changes_view(request: HttpRequest) -> HttpResponse:
    """Who changed what."""
    form = ChangesForm(_asked(request))
    rows = _changes(form, PER_PAGE) if form.is_valid() else []
    return _page(
        request, "changes", "Change log", form=form, rows=rows, most=PER_PAGE, asked=request.GET.urlencode()
    )


def changes_file_view(request: HttpRequest) -> HttpResponseBase:
    """The same changes as CSV."""
    form = ChangesForm(_asked(request))
    if not form.is_valid():
        return _page(request, "changes", "Change log", form=form, rows=[])
    response = StreamingHttpResponse(_lines(_changes(form, IN_FILE)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="changes-{timezone.localdate()}.csv"'
    return response


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The query; its default is the last 30 days."""
    _check(request)
    today = timezone.localdate()
    return {"since": today - USUAL, "until": today, **request.GET.dict()}


def _changes(form: ChangesForm, most: int) -> list[changes.Change]:
    return changes.read(changes.Asked(**form.span(), most=most), source=form.cleaned_data["source"])


def _page_of(request: HttpRequest, rows: Any) -> tuple[list[Any], str]:
    """The rows of the requested page, and the query of the next one if there is one."""
    asked = request.GET.get("page", "1")
    number = (
        min(int(asked), DEEPEST) if asked.isascii() and asked.isdecimal() and len(asked) < PER_PAGE else 1
    )
    begin = max(number - 1, 0) * PER_PAGE
    found = list(rows[begin : begin + PER_PAGE + 1])
    following = request.GET.copy()
    following["page"] = str(number + 1)
    return found[:PER_PAGE], following.urlencode() if len(found) > PER_PAGE else ""


def _page(request: HttpRequest, name: str, title: str, **shown: Any) -> TemplateResponse:
    context = {**admin.site.each_context(request), "title": title, **shown}
    return TemplateResponse(request, f"staff/trail/{name}.html", context)


class _Echo:
    """A file that returns what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(found: list[changes.Change]) -> Iterator[str]:
    writer: Any = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(HEADINGS)
    for each in found:
        at = date_format(timezone.localtime(each.at), "Y-m-d H:i:s")
        who = each.user.get_username() if each.user else ""
        cells = (at, who, each.what, each.kind, each.object_id, "; ".join(each.details))
        yield writer.writerow([escape(cell) for cell in cells])
