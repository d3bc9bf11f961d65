"""Requests to the API must come over https; their bodies may be chunked."""

import io
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from alerts.api import problems
from alerts.api.parsers import MAX_BODY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADDRESS = "/notification"


class HttpsOnly:
    """Refuses an API request over http, before anything redirects it.

    Clients follow the redirect of a POST with a GET: they would get the list with a 200, and think the alert stored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.HTTPS and is_api(request.path_info) and not request.is_secure():
            return problems.insecure()
        return self.get_response(request)


class WithLength:
    """WSGI middleware that adds a missing Content-Length: without one, Django treats a body as empty.

    It reads at most one byte more than `MAX_BODY`, which is enough for the parser to refuse the body.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Only if the server says that the stream ends with the body: otherwise reading would block for ever.
        ends = environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH")
        if ends and is_api(environ.get("PATH_INFO", "")):
            body = _read(environ["wsgi.input"], MAX_BODY + 1)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self.application(environ, start_response)


def is_api(path: str) -> bool:
    """Whether the path belongs to the API."""
    return path == ADDRESS or path.startswith(f"{ADDRESS}/")


def _read(stream: "io.BufferedIOBase", most: int) -> bytes:
    """Up to `most` bytes. One call of `read` may return fewer than there are."""
    parts: list[bytes] = []
    missing = most
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
