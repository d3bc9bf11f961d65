"""Middleware for pages alone. Requests to the API skip it, because they have no session."""

from collections.abc import Awaitable
from http import HTTPStatus

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from alerts.api import transport
from config import database
from staff.logins import sessions

SAFE = frozenset({"GET", "HEAD"})


class _ForPages(MiddlewareMixin):
    """Name it before the middleware that it limits to pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        through = self.get_response if transport.is_api(request.path_info) else super().__call__
        return through(request)


class Sessions(_ForPages, SessionMiddleware):
    """Saves the session of a request, which may fail after its page was made."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Django takes each failure for a session that somebody has deleted, and answers with 400. While the database
        is away a page is shown without saving: Home says what is wrong. Anything else gets the 503 of the database.
        """
        try:
            return super().process_response(request, response)
        except (SessionInterrupted, *database.AWAY) as error:
            away = _of_the_database(error)
            if away is None:
                raise
            if request.method not in SAFE or response.status_code != HTTPStatus.OK:
                raise away from away.__cause__  # which names the cause
            database.forget_session()
            return response


def _of_the_database(error: BaseException | None) -> BaseException | None:
    """The error of a database that is away, or stores nothing, from which this one came; None if there is none."""
    while error is not None and not isinstance(error, database.AWAY):
        error = error.__context__
    return error


class Users(_ForPages, AuthenticationMiddleware):
    pass


class IdleSessions(_ForPages, sessions.IdleSessions):
    pass


class Messages(_ForPages, MessageMiddleware):
    pass
