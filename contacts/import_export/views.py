"""Import and export of clinicians in the admin: choose a file, look at what it would change, confirm."""

import base64
import zlib
from datetime import timedelta
from typing import Any

import structlog
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from import_export.admin import ImportExportMixin
from import_export.forms import ConfirmImportForm
from import_export.tmp_storages import BaseStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from contacts import locks
from contacts.admin.list import is_nonsense, whole_list
from contacts.import_export.columns import COLUMNS
from contacts.import_export.formats import FORMATS, CsvFile, ExcelFile, UnreadableFileError
from contacts.import_export.resource import AlreadyImportedError, ClinicianResource, ImportRefusedError
from contacts.models import Clinician

WAITS = timedelta(hours=1)
"""How long a file that was looked at may be confirmed."""
MAX_PACKED = 2_400_000
"""Characters of a packed file: a form may be a little larger (DATA_UPLOAD_MAX_MEMORY_SIZE)."""
MAX_MEGABYTES = settings.FILE_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024
TOO_LARGE = f"This file is too large: at most {MAX_MEGABYTES} MB are taken at once. Split it."
NO_EXCEL = (
    "This is not an Excel file, whatever its name says: save the list as XLSX or CSV, and choose that file."
)
TAKEN = (
    "Clinicians are being imported or changed at this moment, perhaps by this very file if you pressed Import twice. "
    "Import it again in a minute, and see what is left to change."
)
log = structlog.get_logger(__name__)
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


class InThePage(BaseStorage):
    """The file waits for its confirmation in the page that shows what it changes, packed and signed.

    So nothing of it lies on a server's disk, in its cache or its database, and any web process can take it up.
    """

    def save(self, data: bytes) -> None:
        self.name = _signer().sign(_packed(data))

    def read(self) -> bytes:
        packed = _signer().unsign(self.name, max_age=WAITS)
        return zlib.decompress(base64.urlsafe_b64decode(packed))

    def remove(self) -> None:
        """There is nothing to remove."""


class FileForm(ImportForm):
    """The file; its format is seen from what is in it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["format"].required = False
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["import_file"].label = "File (XLSX or CSV)"
        self.fields["import_file"].widget.attrs["accept"] = ".xlsx,.csv,.txt"

    @property
    def media(self) -> forms.Media:
        return forms.Media()  # without the library's script, which guesses the format by the file's name

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned: dict[str, Any] = self.cleaned_data
        if "import_file" in cleaned:
            content = cleaned["import_file"].read()
            if content.startswith(OLD_EXCEL):
                self.add_error("import_file", "This is an old or a protected Excel file: save it as XLSX.")
            elif not content.startswith(ZIP) and cleaned["import_file"].name.casefold().endswith(".xlsx"):
                self.add_error("import_file", NO_EXCEL)
            elif len(_packed(content)) > MAX_PACKED:
                self.add_error("import_file", TOO_LARGE)
            cleaned["format"] = str(FORMATS.index(ExcelFile if content.startswith(ZIP) else CsvFile))
        return cleaned


class ConfirmForm(ConfirmImportForm):
    """The file that was looked at, and what it changed then."""

    digest = forms.CharField(widget=forms.HiddenInput)
    format = forms.ChoiceField(
        choices=[(str(number), "") for number in range(len(FORMATS))], widget=forms.HiddenInput
    )
    resource = forms.ChoiceField(choices=[("0", "")], required=False, widget=forms.HiddenInput)


class FormatForm(ExportForm):
    """The format of a file."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["format"] = str(FORMATS.index(ExcelFile))


class ImportAndExport(ImportExportMixin):
    """The part of a ModelAdmin that takes files and gives them."""

    resource_classes = (ClinicianResource,)
    import_formats = FORMATS
    export_formats = FORMATS
    import_form_class = FileForm
    confirm_form_class = ConfirmForm
    export_form_class = FormatForm
    tmp_storage_class = InThePage
    import_export_change_list_template = "admin/contacts/clinician/change_list.html"
    import_template_name = "admin/contacts/clinician/import.html"
    export_template_name = "admin/contacts/clinician/export.html"
    skip_admin_log = True  # the history of each clinician says it, with what changed

    def has_import_permission(self: Any, request: HttpRequest) -> bool:
        return bool(self.has_add_permission(request) and self.has_change_permission(request))

    def has_export_permission(self: Any, request: HttpRequest) -> bool:
        """Everybody's addresses in one file are for fewer people than a look at somebody's page."""
        return bool(self.has_view_permission(request) and request.user.has_perm("contacts.export_clinician"))

    def export_action(self, request: HttpRequest) -> HttpResponse:
        if is_nonsense(request):
            return whole_list()
        try:
            answer: HttpResponse = super().export_action(request)
        except IncorrectLookupParameters:
            return whole_list()
        return answer

    def get_export_data(
        self, file_format: Any, request: HttpRequest, queryset: QuerySet[Clinician], **kwargs: Any
    ) -> Any:
        content = super().get_export_data(file_format, request, queryset, **kwargs)
        log.info("clinicians.exported", user_id=request.user.pk, clinicians=queryset.count())
        return content

    def create_import_form(self, request: HttpRequest) -> FileForm:
        form: FileForm = super().create_import_form(request)
        sent = int(request.META.get("CONTENT_LENGTH") or 0)
        too_large = sent > settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        form.fields["import_file"].error_messages["required"] = TOO_LARGE if too_large else "Choose a file."
        return form

    def add_data_read_fail_error_to_form(self, form: FileForm, e: Exception) -> None:
        if not isinstance(e, UnreadableFileError):
            raise e
        form.add_error("import_file", str(e))

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_confirm_form_initial(request, import_form)
        return {**initial, "digest": import_form.digest} if import_form else initial

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            with locks.transaction_with_locks():
                answer: HttpResponse = super().process_import(request, **kwargs)
        except signing.BadSignature:
            return self._start_again(request, "That was too long ago: choose the file again.")
        except locks.TakenError:
            return self._start_again(request, TAKEN)
        return answer

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        if result.has_errors() or result.has_validation_errors():
            errors = [each.error for each in result.base_errors]
            if any(isinstance(error, AlreadyImportedError) for error in errors):
                messages.info(request, str(errors[0]))
                return HttpResponseRedirect(reverse("admin:contacts_clinician_changelist"))
            sentences = [str(error) for error in errors if isinstance(error, ImportRefusedError)]
            return self._start_again(
                request, " ".join(sentences) or "Something has changed since you looked: nothing is saved."
            )
        messages.success(request, f"The file is imported: {result.in_words}.")
        return HttpResponseRedirect(reverse("admin:contacts_clinician_changelist"))

    def get_export_filename(
        self, request: HttpRequest, queryset: QuerySet[Clinician], file_format: Any
    ) -> str:
        return f"clinicians-{timezone.localdate()}.{file_format.get_extension()}"

    def init_request_context_data(self, request: HttpRequest, form: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().init_request_context_data(request, form)
        return {**context, "count": self.get_export_queryset(request).count()}

    def get_import_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_import_context_data(**kwargs)
        return {**context, "columns": COLUMNS}

    def _start_again(self, request: HttpRequest, sentence: str) -> HttpResponse:
        messages.error(request, sentence)
        return HttpResponseRedirect(reverse("admin:contacts_clinician_import"))


def _packed(content: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(content)).decode()


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="contacts.import_export.views")
