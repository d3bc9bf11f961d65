"""Middleware for pages alone. Requests to the API skip it, because they have no session."""

from collections.abc import Awaitable

from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from alerts.api import transport
from staff.logins import sessions


class _ForPages(MiddlewareMixin):
    """Name it before the middleware that it limits to pages."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        through = self.get_response if transport.is_api(request.path_info) else super().__call__
        return through(request)


class Sessions(_ForPages, SessionMiddleware):
    pass


class Users(_ForPages, AuthenticationMiddleware):
    pass


class IdleSessions(_ForPages, sessions.IdleSessions):
    pass


class Messages(_ForPages, MessageMiddleware):
    pass
