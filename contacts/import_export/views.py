"""Import and export of clinicians in the admin. An import shows what it would change before it saves anything."""

from datetime import timedelta
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from audit.middleware import ROWS
from contacts import locks, preferences
from contacts.import_export import columns, formats
from contacts.import_export.comparison import compare
from contacts.import_export.reading import headings, table
from contacts.import_export.reading.sheet import UnreadableFileError
from contacts.import_export.reading.table import FileRow
from contacts.import_export.save import AlreadyImportedError, ImportRefusedError, save
from contacts.models import PreferenceTemplate

WAITS = timedelta(hours=1)
"""How long after its preview a file can be confirmed."""
MAX_PACKED = 2_400_000
"""Characters of a packed file. A form may have a few more (DATA_UPLOAD_MAX_MEMORY_SIZE)."""
MAX_MEGABYTES = settings.FILE_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024
TOO_LARGE = f"This file is too large: at most {MAX_MEGABYTES} MB are taken at once. Split it."
SALT = "contacts.import_export.views"
log = structlog.get_logger(__name__)


class ImportForm(forms.Form):
    """A file, with its content in `table`, and a template for its new people."""

    table = table.Table([], [])

    import_file = forms.FileField(
        label="File (XLSX or CSV)",
        error_messages={"required": "Choose a file."},
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".xlsx,.csv,.txt"}),
    )
    template = forms.ModelChoiceField(
        PreferenceTemplate.objects.all(),
        label="Channels for new people from this template",
        required=False,
        empty_label="No template",
        help_text="For each priority for which the file gives a new person no channel.",
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> dict[str, Any]:
        file = self.cleaned_data.get("import_file")
        if file is not None:
            try:
                self.table = table.read(file.read(), name=file.name)
            except UnreadableFileError as error:
                self.add_error("import_file", list(error.sentences))
        return self.cleaned_data


class ExportForm(forms.Form):
    """The format of an exported file."""

    format = forms.ChoiceField(
        choices=[(name, each.label) for name, each in formats.FORMATS.items()],
        widget=UnfoldAdminSelectWidget,
    )


class ImportExport(ModelAdmin):
    """The import and export of clinicians."""

    def get_urls(self) -> list[URLPattern]:
        views = [
            ("import", self.import_view),
            ("process_import", self.process_import_view),
            ("blank", self.blank_view),
            ("export", self.export_view),
        ]
        ours = [
            path(f"{name}/", self.admin_site.admin_view(view), name=f"contacts_clinician_{name}")
            for name, view in views
        ]
        return [*ours, *super().get_urls()]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Fewer people may export all addresses than may look at one person's page."""
        return bool(self.has_view_permission(request) and request.user.has_perm("contacts.export_clinician"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        permissions = {
            "has_import_permission": self.has_import_permission(request),
            "has_export_permission": self.has_export_permission(request),
        }
        response: HttpResponse = super().changelist_view(request, {**permissions, **(extra_context or {})})
        return response

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Read a file, and show what it would change."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        form = ImportForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
        if int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
            form.fields["import_file"].error_messages["required"] = TOO_LARGE
        context: dict[str, Any] = {
            "form": form,
            "columns": [(column, headings.label(column)) for column in columns.COLUMNS],
            "has_templates": PreferenceTemplate.objects.exists(),
        }
        if request.method == "POST":
            try:
                with locks.one_import_of(_user_id(request)):
                    context |= _preview(form)
            except locks.LockedError as error:
                context["form"] = ImportForm()
                messages.error(request, str(error))
        return self._file_page(request, "import", context)

    def process_import_view(self, request: HttpRequest) -> HttpResponse:
        """Save the changes of the confirmed file."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_import_permission(request):
            raise PermissionDenied
        again = HttpResponseRedirect(reverse("admin:contacts_clinician_import"))
        try:
            packed, shown, template = signing.loads(request.POST.get("packed", ""), salt=SALT, max_age=WAITS)
            rows = [FileRow(number, cells) for number, cells in packed]
            with locks.one_import_of(_user_id(request)):
                saved = save(
                    rows,
                    shown=shown,
                    template=_template(template),
                    twins_are_others="somebody_else" in request.POST,
                )
        except signing.BadSignature:
            messages.error(request, "That was too long ago: choose the file again.")
            return again
        except AlreadyImportedError as error:
            messages.info(request, str(error))
        except (ImportRefusedError, locks.LockedError) as error:
            messages.error(request, str(error))
            return again
        else:
            messages.success(request, f"The file is imported: {saved.summary}.")
        return HttpResponseRedirect(reverse("admin:contacts_clinician_changelist"))

    def blank_view(self, request: HttpRequest) -> HttpResponse:
        """Send a file with our headings and nothing else, to be filled in."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        name = request.GET.get("format", "xlsx")
        if name not in formats.FORMATS:
            raise Http404
        return _file([], name, "clinicians-blank")

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """Send a file of the clinicians that the list shows, with its search and filters."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            clinicians = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse('admin:contacts_clinician_changelist')}?{ERROR_FLAG}=1")
        form = ExportForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._file_page(request, "export", {"form": form, "count": clinicians.count()})
        rows = [columns.to_cells(each, preferences.channels_by_priority(each)) for each in clinicians]
        name = form.cleaned_data["format"]
        response = _file(rows, name, f"clinicians-{timezone.localdate()}")
        response[ROWS] = str(len(rows))  # for the trail
        return response

    def _file_page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        shared = {
            **self.admin_site.each_context(request),
            "title": name.capitalize(),
            "opts": self.opts,
            "media": self.media,
        }
        return TemplateResponse(request, f"admin/contacts/clinician/{name}.html", {**shared, **context})


def _user_id(request: HttpRequest) -> int:
    user: Any = request.user  # only somebody with the permission may ask
    return int(user.pk)


def _preview(form: ImportForm) -> dict[str, Any]:
    """The changes that the file would make, for the page; none if it cannot be read, which the form says."""
    if not form.is_valid():
        return {}
    template = form.cleaned_data["template"]
    comparison = compare(form.table.rows, template=template.wanted() if template else None)
    # The page itself carries the rows. They are on no disk, in no cache and in no database, and any process can go on.
    rows = [[row.number, row.cells] for row in form.table.rows]
    packed = signing.dumps(
        [rows, comparison.digest(), template.pk if template else None], salt=SALT, compress=True
    )
    if len(packed) > MAX_PACKED:
        form.add_error("import_file", TOO_LARGE)
        return {}
    shown = {"comparison": comparison, "notes": form.table.notes, "template": template}
    return {**shown, "packed": "" if comparison.faults else packed}


def _file(rows: list[dict[str, str]], ending: str, name: str) -> HttpResponse:
    """A file to download."""
    chosen = formats.FORMATS[ending]
    response = HttpResponse(chosen.write(rows), content_type=chosen.content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


def _template(pk: int | None) -> PreferenceTemplate | None:
    """Raises ImportRefusedError for a template that somebody has deleted."""
    if pk is None:
        return None
    try:
        return PreferenceTemplate.objects.get(pk=pk)
    except PreferenceTemplate.DoesNotExist as error:
        raise ImportRefusedError(
            "Somebody has deleted the template since you looked: nothing is saved. Import the file again."
        ) from error
