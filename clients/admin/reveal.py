"""Showing new secrets on a page of their own, which may be reloaded, without keeping them where others could look.

A page that is the answer to a POST issues another token when it is reloaded, so the answer is a redirect, and until it
is followed the secrets have to be somewhere: in a signed cookie, which is nowhere but in that one browser, out of reach
of scripts, sent to the pages of tokens alone, and of use in that one session. It ends after `SHOWN_FOR`.
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
MOST = 30
"""At once: browsers drop a cookie of more than 4 kB."""

Issued = Sequence[tuple[ApiToken, str]]


def has_room(request: HttpRequest, more: int) -> bool:
    """Whether so many can be kept beside those that are."""
    return len(kept(request)) + more <= MOST


def keep(request: HttpRequest, response: HttpResponseBase, issued: Issued) -> None:
    """Keep these secrets for this browser, beside those that it has not said to have copied."""
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
    """The secrets that were kept for this browser, with their tokens; empty once they have ended."""
    try:
        pairs = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_salt(request), max_age=SHOWN_FOR)
    except signing.BadSignature:  # none, too old, or another session's
        return []
    tokens = ApiToken.objects.select_related("client").in_bulk([pk for pk, _secret in pairs])
    return [(tokens[pk], secret) for pk, secret in pairs if pk in tokens]


def forget(response: HttpResponseBase) -> None:
    """End it now."""
    response.delete_cookie(COOKIE, path=_pages(), samesite="Strict")


def _pages() -> str:
    return reverse("admin:clients_apitoken_changelist")


def _salt(request: HttpRequest) -> str:
    return f"{COOKIE} {request.session.session_key}"
