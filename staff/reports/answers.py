"""The report *Answers*: what became of the alerts that wanted an answer, for a span of time."""

from typing import Any
from urllib.parse import urlencode

import structlog
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from alerts.admin.export.files import FORMATS
from alerts.admin.permissions import visible_to
from alerts.answers import figures
from alerts.answers.conditions import Counted, Figure
from alerts.answers.figures import Answers
from staff.navigation import SEE_ANSWERS
from staff.reports import charts, tables
from staff.reports.file import AnswersFile
from staff.reports.span import Span, SpanForm, usual

log = structlog.get_logger(__name__)


def view(request: HttpRequest) -> HttpResponse:
    """The page."""
    form = _asked(request)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Answers",
        "form": form,
        "usual": [
            (name, f"?{urlencode(span.of_form())}", span == form.span)
            for name, span in usual(timezone.localdate()).items()
        ],
    }
    if form.span:
        context.update(_report(request, form.span))
    return TemplateResponse(request, "staff/reports/answers.html", context)


def file_view(request: HttpRequest) -> HttpResponseBase:
    """The same figures as a file."""
    form = _asked(request)
    chosen = FORMATS.get(request.GET.get("format", "csv"))
    if form.span is None or chosen is None:
        return HttpResponseRedirect(f"{reverse('admin:answers')}?{request.GET.urlencode()}")
    name = next(name for name, each in FORMATS.items() if each is chosen)
    file = AnswersFile(
        _read(request, form.span), form.span, by=request.user.get_username(), at=timezone.now()
    )
    log.info("answers.exported", user_id=request.user.pk)
    response = StreamingHttpResponse(chosen.write(file), content_type=chosen.content_type)
    days = f"{form.span.since:%Y-%m-%d}-{form.span.until:%Y-%m-%d}"
    response["Content-Disposition"] = f'attachment; filename="answers-{days}.{name}"'
    return response


def _asked(request: HttpRequest) -> SpanForm:
    if not request.user.has_perm(SEE_ANSWERS):
        raise PermissionDenied
    return SpanForm.asked(request.GET)


def _read(request: HttpRequest, span: Span) -> Answers:
    """Of the alerts that the user may see."""
    alerts = visible_to(request.user).without_tests()
    return figures.read(alerts.filter(created_at__gte=span.begins, created_at__lte=span.ends), unit=span.unit)


def _report(request: HttpRequest, span: Span) -> dict[str, Any]:
    answers = _read(request, span)
    shown: dict[str, Any] = {
        "span": span,
        "files": [
            (each.label, f"{reverse('admin:answers_file')}?{urlencode({'format': name, **span.of_form()})}")
            for name, each in FORMATS.items()
        ],
    }
    if not answers.total.counts[Figure.WANTED]:
        return shown
    over_time, *by_priority = charts.of(answers, span)
    each = f"{reverse('admin:alerts_alert_export')}?{tables.query(Counted(Figure.WANTED), span)}"
    return {
        **shown,
        "figures": tables.of(answers, span),
        "over_time": over_time,
        "charts": by_priority,
        "by_time": tables.over_time(answers, span),
        "each_alert": each if request.user.has_perm("alerts.export_alert") else "",
    }
