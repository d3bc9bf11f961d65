"""The length of a session: until its owner logs out, or does nothing for `SESSION_IDLE`."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone
from django.utils.deprecation import MiddlewareMixin

from audit.events import record
from audit.models import EventName
from theme import refresh

LAST_ACTIVE = "last_active"
"""The session's key for the time, in seconds, at which its owner last did something."""
NOTED_EVERY = 60.0
"""Seconds between two writes of that time, because each writes the session; a fifteenth of `SESSION_IDLE` if that is
less. So a session may end a minute early."""
CLEAR_SITE_DATA = '"cache", "storage"'
"""What a browser is told to forget at a logout. Not cookies: browsers would delete those of all systems of the
hospital's domain."""


class IdleSessions(MiddlewareMixin):
    """Ends a session whose owner has done nothing for `SESSION_IDLE`."""

    def process_request(self, request: HttpRequest) -> None:
        """Requests that a page makes by itself, to stay up to date, do not count."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or SESSION_KEY not in request.session:
            return
        idle, most = time.time() - request.session.get(LAST_ACTIVE, 0), settings.SESSION_IDLE.total_seconds()
        if idle > most:
            request.session.flush()
            request.user = AnonymousUser()
        elif idle > min(NOTED_EVERY, most / 15) and refresh.HEADER not in request.headers:
            request.session[LAST_ACTIVE] = time.time()


def end_others(request: HttpRequest) -> None:
    """End all other sessions of this user. Only a session's data names its user, so every live one is read."""
    user, own = request.session[SESSION_KEY], request.session.session_key
    live = Session.objects.filter(expire_date__gt=timezone.now()).exclude(pk=own)
    others = [each.pk for each in live.iterator() if each.get_decoded().get(SESSION_KEY) == user]
    Session.objects.filter(pk__in=others).delete()
    record(EventName.LOGOUT, detail=f"everywhere else: {len(others)}", request=request)


@receiver(user_logged_in, dispatch_uid="staff.logins.sessions")
def begin(request: HttpRequest, **kwargs: Any) -> None:
    """Note when the session begins."""
    request.session[LAST_ACTIVE] = time.time()
