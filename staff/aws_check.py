"""The page *AWS*: shows the results of `manage.py aws_check` to users who may ask."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from alerts import aws_check
from alerts.aws_check.asking import Result, Verdict

PERMISSION = "alerts.ask_aws"
LABELS = {
    Verdict.OK: ("success", "OK"),
    Verdict.WARNING: ("warning", "Warning"),
    Verdict.WRONG: ("danger", "Wrong"),
    Verdict.UNKNOWN: ("info", "Not known"),
}
"""The badge of each verdict: its kind in unfold, and its word."""


def view(request: HttpRequest) -> HttpResponse:
    """A button; once it is pressed, the results. AWS takes some seconds to answer."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    context: dict[str, Any] = {**admin.site.each_context(request), "title": "AWS"}
    if request.method == "POST":
        context["rows"] = [_row(result) for result in aws_check.run()]
    return TemplateResponse(request, "staff/aws_check.html", context)


def _row(result: Result) -> dict[str, Any]:
    kind, label = LABELS[result.verdict]
    return {"result": result, "kind": kind, "label": label}
