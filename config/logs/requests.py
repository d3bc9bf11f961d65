"""One line in the log for each request, and the request's id in every line that belongs to it."""

import re
import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from config import outages

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
log = structlog.get_logger(__name__)


class RequestLog:
    """Gives each request an id (the caller's `X-Request-ID` if it is a plain word), and logs one line when it ends."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        clear_contextvars()
        given = request.headers.get("X-Request-ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        bind_contextvars(request_id=request_id)
        started = time.monotonic()
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        route = request.resolver_match.route if request.resolver_match else "(none)"
        milliseconds = round((time.monotonic() - started) * 1000, 1)
        if outages.DATABASE.is_on and response.status_code < HTTPStatus.BAD_REQUEST and connection.connection:
            outages.DATABASE.works()
        log.info("request", method=request.method, route=route, status=response.status_code, ms=milliseconds)
        clear_contextvars()  # later lines, such as the server's own, are not part of this request
        return response
