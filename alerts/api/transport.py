"""How a request may reach the API: over https, with a body that is sent whole or in chunks."""

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
    """Refuses an API request that came over http, before anything can redirect it.

    Clients follow a redirect of a POST with a GET: they would read a list with a 200, and take the alert for stored.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.HTTPS and is_api(request.path_info) and not request.is_secure():
            return problems.insecure()
        return self.get_response(request)


class WithLength:
    """Gives a body without a Content-Length one (WSGI): Django takes such a body for empty.

    At most a byte more than `MAX_BODY` is read, which is enough for the parser to refuse it.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self.application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Only where the server says that the stream ends with the body: elsewhere reading would wait for ever.
        ends = environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH")
        if ends and is_api(environ.get("PATH_INFO", "")):
            body = _read(environ["wsgi.input"], MAX_BODY + 1)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self.application(environ, start_response)


def is_api(path: str) -> bool:
    """Whether the path is the API's."""
    return path == ADDRESS or path.startswith(f"{ADDRESS}/")


def _read(stream: "io.BufferedIOBase", most: int) -> bytes:
    """Up to `most` bytes: one read may give fewer than there are."""
    parts: list[bytes] = []
    missing = most
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)
