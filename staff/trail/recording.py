"""Records who opened what, and searches: one insert for each page that shows one object.

Lists are not recorded, nor is a page that refreshes itself. A search is recorded as a keyed digest (`audit.digests`).
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import structlog
from django.apps import apps
from django.conf import settings
from django.db import Error
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

from alerts.api import transport
from audit import digests
from audit.events import user_of
from audit.models import Event, EventName
from config.security import addresses
from theme import refresh

REPORTS = frozenset({"answers", "trail", "trail_changes"})
"""Pages that show what many people did."""
POSTED_TERMS = {"alerts_alert_search": "q", "find": "term", "trail_patient": "reference"}
"""Pages that take a search term by POST, and its field."""
IN_SESSION = frozenset({"alerts_alert_changelist"})
"""Lists whose `q` is not a term, because the term was posted before."""
log = structlog.get_logger(__name__)


class Recording:
    """Middleware of pages. It skips the API, so that taking an alert costs nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if transport.is_api(request.path_info):
            return response
        event = noted(request, response)
        if event is not None and not _is_refresh(request, event):
            _keep(event)
        return response


def _is_refresh(request: HttpRequest, event: Event) -> bool:
    """Whether a page refreshes itself after it was opened. Anybody can send the header, so the trail must have the
    opening.
    """
    if refresh.HEADER not in request.headers or event.name != EventName.OPENED:
        return False
    since = Now() - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    opened = Event.objects.filter(kind=event.kind, object_id=event.object_id, name=event.name)
    return opened.filter(user=event.user_id, at__gt=since).exists()


def noted(request: HttpRequest, response: HttpResponse) -> Event | None:
    """The event for this response; None if there is none."""
    match = request.resolver_match
    if match is None or match.app_name != "admin" or response.status_code >= 400 or not user_of(request):  # noqa: PLR2004
        return None
    event = _searched(request, match) or _opened(match, response)
    if event is not None:
        event.user_id = user_of(request)
        event.address = addresses.of_client(request) or None
    return event


def _searched(request: HttpRequest, match: ResolverMatch) -> Event | None:
    name = match.url_name or ""
    if request.method == "POST":
        term = request.POST.get(POSTED_TERMS.get(name, ""), "")
    else:
        term = request.GET.get("q", "") if name.endswith("_changelist") and name not in IN_SESSION else ""
    if not term.strip():
        return None
    return Event(name=EventName.SEARCHED, kind=_kind(name), digests=digests.of_search(term))


def _opened(match: ResolverMatch, response: HttpResponse) -> Event | None:
    """The event of opening a page. A form that was sent and is shown again, with its errors, counts as opened too."""
    name = match.url_name or ""
    is_page = response.status_code == 200 and response.get("Content-Type", "").startswith("text/html")  # noqa: PLR2004
    if not is_page:
        return None
    if name in REPORTS:
        return Event(name=EventName.REPORT, detail=name)
    if "object_id" not in match.kwargs or not _kind(name):
        return None
    what = EventName.HISTORY if name.endswith("_history") else EventName.OPENED
    return Event(name=what, kind=_kind(name), object_id=str(match.kwargs["object_id"])[:64])


def _keep(event: Event) -> None:
    """Store the event. If the database cannot, it is logged, and the page is shown all the same."""
    try:
        event.save(force_insert=True)
    except Error as error:
        log.error(  # noqa: TRY400 - the message of a database error quotes rows
            "audit.not_recorded",
            reading=event.name,
            user_id=event.user_id,
            kind=event.kind,
            object_id=event.object_id,
            error=type(error).__name__,
        )


def _kind(page: str) -> str:
    """The model of a page of the admin, as `alerts.alert`; empty if the page is about none."""
    return next((label for prefix, label in _models() if page.startswith(prefix)), "")


@cache
def _models() -> list[tuple[str, str]]:
    metas: list[Any] = [each._meta for each in apps.get_models()]  # noqa: SLF001 - public
    return [(f"{meta.app_label}_{meta.model_name}_", meta.label_lower) for meta in metas]
