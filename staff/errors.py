"""The page that comes when a view raised."""

import sys

from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template

from config import database


def server_error(_request: HttpRequest) -> HttpResponse:
    """503 with the cause while the database is away or stores nothing, else 500. Asks nothing of the database."""
    error = sys.exc_info()[1]
    is_away = isinstance(error, database.AWAY)
    cause = database.cause(error) if is_away and isinstance(error, Error) else None
    page = get_template("500.html").render({"cause": cause, "is_away": is_away})
    return HttpResponse(page, status=503 if is_away else 500)
