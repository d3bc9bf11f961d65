"""Records from all responses who was refused and who downloaded a file."""

from collections.abc import Callable
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse

from audit.events import record, request_of, user_of
from audit.models import EventName
from config.security import addresses

REFUSED = {401: "security.unauthorised", 403: "security.forbidden"}
ROWS = "Bleep-Rows"
"""The header in which a view gives the number of rows of its file. This middleware removes it."""
log = structlog.get_logger(__name__)


class Trail:
    """Records downloads. A refusal is a line in the log, and no row: strangers could fill the table."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reset = request_of.set(request)
        try:
            response = self.get_response(request)
            if response.status_code in REFUSED:
                _say_refused(request, response.status_code)
            elif response.get("Content-Disposition", "").startswith("attachment") and request.resolver_match:
                page, rows = request.resolver_match.url_name or "", response.get(ROWS, "")
                del response[ROWS]
                record(EventName.EXPORTED, detail=f"{page}: {rows}" if rows else page)
            return response
        finally:
            request_of.reset(reset)


def _say_refused(request: HttpRequest, status: int) -> None:
    token: Any = getattr(request, "auth", None)
    log.warning(
        REFUSED[status],
        route=request.resolver_match.route if request.resolver_match else "(none)",
        user_id=user_of(request),
        client_id=getattr(token, "client_id", None),
        address=addresses.of_client(request) or None,
    )
