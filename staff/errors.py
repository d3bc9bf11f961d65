"""Error pages: a problem document for senders, a page in plain words for people."""

import sys

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.views import csrf, defaults

from alerts.api import problems
from config import database


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400, such as for a host name that is not served."""
    if problems.is_from_a_program(request):
        return problems.bad_request(exception)
    return defaults.bad_request(request, exception)


def not_from_a_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a POST that did not come from a form of ours (CSRF). A program has the wrong address, because no form is
    meant for it.
    """
    if problems.is_from_a_program(request):
        return problems.no_such_address()
    return csrf.csrf_failure(request, reason)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    if problems.is_from_a_program(request):
        return problems.no_such_address()
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 with the cause while the database is away or stores nothing, else 500. Asks nothing of the database."""
    error = sys.exc_info()[1]
    if problems.is_from_a_program(request):
        return problems.failed(error)
    is_away = isinstance(error, database.AWAY)
    cause = database.cause(error) if is_away and isinstance(error, Error) else None
    page = get_template("500.html").render({"cause": cause, "is_away": is_away})
    return HttpResponse(page, status=503 if is_away else 500)
