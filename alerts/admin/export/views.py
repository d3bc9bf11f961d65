"""The export of alerts in the admin."""

from typing import Any

import structlog
from django import forms
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget

from alerts.admin.export.files import FORMATS
from alerts.admin.export.rows import Export
from alerts.admin.permissions import VisibleAlerts
from audit.middleware import ROWS
from theme.filters import active_filters

log = structlog.get_logger(__name__)


class ExportForm(forms.Form):
    """The format of the file, for this many alerts."""

    format = forms.ChoiceField(
        choices=[(name, each.label) for name, each in FORMATS.items()], widget=UnfoldAdminSelectWidget
    )

    def __init__(self, data: Any, *, alerts: int) -> None:
        super().__init__(data)
        self.alerts = alerts

    def clean_format(self) -> str:
        name: str = self.cleaned_data["format"]
        most = FORMATS[name].most
        if most is not None and self.alerts > most:
            raise forms.ValidationError(
                f"An Excel file takes {most:,} alerts at most, and these are {self.alerts:,}. Choose CSV, or filter "
                f"the list by a shorter time."
            )
        return name


class AlertExport(VisibleAlerts):
    """The part of `AlertAdmin` that is the export."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name="alerts_alert_export"), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Fewer people may export the alerts of many patients than may look at one."""
        return bool(self.has_view_permission(request) and request.user.has_perm("alerts.export_alert"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        permission = {"has_export_permission": self.has_export_permission(request)}
        response: HttpResponseBase = super().changelist_view(request, {**permission, **(extra_context or {})})
        return response

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Send a file of the alerts that the list shows, with its search and filters."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(f"{reverse('admin:alerts_alert_changelist')}?{ERROR_FLAG}=1")
        filters = [f"{each.title.capitalize()}: {each.words}" for each in active_filters(changelist)]
        if changelist.query:
            filters.append(f"Search: {changelist.query}")
        alerts = changelist.queryset
        posted = request.POST if request.method == "POST" else None
        form = ExportForm(posted, alerts=alerts.count())
        if not form.is_valid():
            return self._export_page(request, form, filters, back=changelist.get_query_string())
        export = Export(
            ids=list(alerts.values_list("pk", flat=True)),
            by=request.user.get_username(),
            filters=filters,
            at=timezone.now(),
        )
        return self._file(request, form.cleaned_data["format"], export)

    def _file(self, request: HttpRequest, name: str, export: Export) -> StreamingHttpResponse:
        chosen = FORMATS[name]
        response = StreamingHttpResponse(chosen.write(export), content_type=chosen.content_type)
        day = timezone.localtime(export.at).strftime("%Y-%m-%d-%H%M")
        response["Content-Disposition"] = f'attachment; filename="alerts-{day}.{name}"'
        response[ROWS] = str(len(export.ids))  # for the trail
        return response

    def _export_page(
        self, request: HttpRequest, form: ExportForm, filters: list[str], *, back: str
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Export",
            "opts": self.opts,
            "form": form,
            "count": form.alerts,
            "count_in_words": f"{form.alerts:,}",
            "filters": filters,
            "back": f"{reverse('admin:alerts_alert_changelist')}{back}",
        }
        return TemplateResponse(request, "admin/alerts/alert/export.html", context)
