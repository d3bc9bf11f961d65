"""Carries new secrets from the POST that issues them to the page that shows them.

The POST answers with a redirect, so that a reload does not issue another token. Until the page is shown the secrets are
in a signed cookie of that browser. Scripts cannot read it, only the pages of tokens receive it, it is valid in one
session, and it expires after `SHOWN_FOR`.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from clients.models import ApiToken

SHOWN_FOR = timedelta(minutes=10)
COOKIE = "issued_tokens"
MAX_SHOWN = 30
"""Tokens in the cookie: browsers drop cookies over 4 kB."""

Issued = Sequence[tuple[ApiToken, str]]


def has_room(request: HttpRequest, more: int) -> bool:
    """Whether `more` secrets fit beside those already kept."""
    return len(kept(request)) + more <= MAX_SHOWN


def keep(request: HttpRequest, response: HttpResponseBase, issued: Issued) -> None:
    """Add these secrets to those that this browser has not yet confirmed as copied."""
    pairs = [(token.pk, secret) for token, secret in (*kept(request), *issued)]
    response.set_cookie(
        COOKIE,
        signing.dumps(pairs, salt=_salt(request)),
        max_age=SHOWN_FOR,
        path=_pages(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def kept(request: HttpRequest) -> list[tuple[ApiToken, str]]:
    """The secrets kept in this browser with their tokens; empty after they expire."""
    try:
        pairs = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_salt(request), max_age=SHOWN_FOR)
    except signing.BadSignature:  # missing, expired, or of another session
        return []
    tokens = ApiToken.objects.select_related("client").in_bulk([pk for pk, _secret in pairs])
    return [(tokens[pk], secret) for pk, secret in pairs if pk in tokens]


def forget(response: HttpResponseBase) -> None:
    """Delete the cookie."""
    response.delete_cookie(COOKIE, path=_pages(), samesite="Strict")


def _pages() -> str:
    return reverse("admin:clients_apitoken_changelist")


def _salt(request: HttpRequest) -> str:
    return f"{COOKIE} {request.session.session_key}"
