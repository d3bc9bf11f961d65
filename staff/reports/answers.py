"""The report *Answers*: what became of the alerts that wanted an answer, for a span of time."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import structlog
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from alerts.admin.export.files import FORMATS
from alerts.admin.permissions import visible_to
from alerts.answer_report import statistics
from alerts.answer_report.conditions import Counted, Figure
from alerts.answer_report.statistics import Answers
from config import database
from staff.navigation import SEE_ANSWERS
from staff.reports import charts, tables
from staff.reports.file import AnswersFile
from staff.reports.span import Span, SpanForm, usual

TOO_MUCH = "That is more than Bleep can count in time. Choose fewer days."

log = structlog.get_logger(__name__)


class TooMuch(Exception):
    """There are more alerts than can be counted within the time limit of a statement."""


def view(request: HttpRequest) -> HttpResponse:
    """The page."""
    form = _asked(request)
    try:
        return _page(request, form, _report(request, form.span) if form.span else {})
    except TooMuch:
        return _too_much(request, form)


def _page(
    request: HttpRequest, form: SpanForm, report: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": "Answers",
        "form": form,
        "usual": [
            (name, f"?{urlencode(span.of_form())}", span == form.span)
            for name, span in usual(timezone.localdate()).items()
        ],
        **report,
    }
    return TemplateResponse(request, "staff/reports/answers.html", context, status=status)


def _too_much(request: HttpRequest, form: SpanForm) -> HttpResponse:
    """The page with a sentence on what to do, instead of the figures or their file."""
    form.add_error(None, TOO_MUCH)
    return _page(request, form, {}, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def file_view(request: HttpRequest) -> HttpResponseBase:
    """The same figures as a file."""
    form = _asked(request)
    chosen = FORMATS.get(request.GET.get("format", "csv"))
    if form.span is None or chosen is None:
        return HttpResponseRedirect(f"{reverse('admin:answers')}?{request.GET.urlencode()}")
    name = next(name for name, each in FORMATS.items() if each is chosen)
    try:
        answers = _read(request, form.span)
    except TooMuch:
        return _too_much(request, form)
    file = AnswersFile(answers, form.span, by=request.user.get_username(), at=timezone.now())
    response = StreamingHttpResponse(chosen.write(file), content_type=chosen.content_type)
    days = f"{form.span.since:%Y-%m-%d}-{form.span.until:%Y-%m-%d}"
    response["Content-Disposition"] = f'attachment; filename="answers-{days}.{name}"'
    return response


def _asked(request: HttpRequest) -> SpanForm:
    if not request.user.has_perm(SEE_ANSWERS):
        raise PermissionDenied
    return SpanForm.asked(request.GET)


def _read(request: HttpRequest, span: Span) -> Answers:
    """The statistics of the alerts that the user may see. Raises TooMuch."""
    alerts = visible_to(request.user).without_tests()
    alerts = alerts.filter(created_at__gte=span.begins, created_at__lte=span.ends)
    try:
        with transaction.atomic():
            return statistics.read(alerts, unit=span.unit)
    except OperationalError as error:
        if not database.took_too_long(error):
            raise
        log.warning("answers.took_too_long", days=(span.until - span.since).days + 1)
        raise TooMuch from error


def _report(request: HttpRequest, span: Span) -> dict[str, Any]:
    answers = _read(request, span)
    shown: dict[str, Any] = {
        "span": span,
        "files": [
            (each.label, f"{reverse('admin:answers_export')}?{urlencode({'format': name, **span.of_form()})}")
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
