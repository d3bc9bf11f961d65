"""Authenticates a request by the token in its Authorization header."""

import time
from typing import Any, NamedTuple

from django.conf import settings
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from clients import sample, strangers, tokens, usage
from clients.models import Access, ApiClient, ApiToken
from config.security import addresses

SCHEMES = ("bearer", "token")
REMEMBERED_FOR = 10.0
"""Seconds for which a view that sends may rely on a remembered token and its client, such as the client's limit."""


class Seen(NamedTuple):
    """A token that worked, and until when to rely on it."""

    client: ApiClient
    token: ApiToken
    until: float


_seen: dict[str, Seen] = {}
"""By digest. One entry for each working token, so no more than staff have issued."""
_ONLY_REMEMBERED = "token_is_only_remembered"


class TokenAuthentication(BaseAuthentication):
    """`Authorization: <token>`, `Token <token>` or `Bearer <token>`; the bare form is what existing senders use.

    Sets `request.user` to the `ApiClient` and `request.auth` to the `ApiToken`.
    """

    def __init__(self, *, remembers: bool = False) -> None:
        """`remembers` is for a view that calls `confirm`, because its one statement checks the token too."""
        self._remembers = remembers

    def authenticate(self, request: Request) -> tuple[ApiClient, ApiToken]:
        """Raises AuthenticationFailed (401) or PermissionDenied (403), with a sentence that says what to do."""
        secret = _secret(request.headers.get("Authorization", ""))
        digest = tokens.digest(secret)
        seen = _seen.get(digest) if self._remembers else None
        if seen is None or seen.until < time.monotonic():
            client, token = _look_up(secret, request)
            _seen[digest] = Seen(client, token, time.monotonic() + REMEMBERED_FOR)
            return client, token
        usage.note(request._request, seen.client)  # noqa: SLF001 - the middleware has Django's request
        setattr(request._request, _ONLY_REMEMBERED, True)  # noqa: SLF001
        return seen.client, seen.token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Bleep"'


def confirm(request: Request) -> None:
    """Look the token up in the database if it was only remembered. Raises what `TokenAuthentication` raises."""
    if getattr(request._request, _ONLY_REMEMBERED, False):  # noqa: SLF001
        setattr(request._request, _ONLY_REMEMBERED, False)  # noqa: SLF001
        client: Any
        try:
            client, request.auth = TokenAuthentication().authenticate(request)
        except exceptions.APIException:
            # As DRF does: from here on nobody may take the request for the client's.
            request._not_authenticated()  # type: ignore[attr-defined] # noqa: SLF001
            raise
        request.user = client


def _look_up(secret: str, request: Request) -> tuple[ApiClient, ApiToken]:
    found = tokens.find(secret)
    if found is None or (_is_the_sample_token(found.token) and not settings.LOCAL_MODE):
        raise _unknown(request)
    usage.note(request._request, found.token.client)  # noqa: SLF001 - the middleware has Django's request
    if not found.live:
        raise exceptions.AuthenticationFailed(
            "This token has expired or was revoked. Ask Bleep's staff for a new one."
        )
    if not found.token.client.active:
        raise exceptions.PermissionDenied(
            "This client has been switched off. Ask Bleep's staff to switch it on."
        )
    if found.unused_lately:
        tokens.mark_used(found.token)
    return found.token.client, found.token


def _unknown(request: Request) -> exceptions.APIException:
    seconds = strangers.wait(addresses.of_client(request._request))  # noqa: SLF001
    if seconds:
        return exceptions.Throttled(seconds, "Unknown token, like many before from this address.")
    return exceptions.AuthenticationFailed("Unknown token. Check that it was copied whole.")


class MayUseTheApi(BasePermission):
    """Tokens with read access may only read."""

    message = "This token may only read. Use one that may send."

    def has_permission(self, request: Request, view: Any) -> bool:
        token: Any = request.auth
        return isinstance(token, ApiToken) and (request.method in SAFE_METHODS or token.access == Access.SEND)


def _is_the_sample_token(token: ApiToken) -> bool:
    """Finds a token by its digest, whichever way the token got into the database."""
    return token.digest == tokens.digest(sample.TOKEN)


def _secret(header: str) -> str:
    """The token in the header, in any of the three forms."""
    words = header.split()
    if len(words) == 2 and words[0].lower() in SCHEMES:  # noqa: PLR2004 - a scheme and a token
        return words[1]
    if len(words) == 1 and words[0].lower() not in SCHEMES:
        return words[0]
    raise exceptions.AuthenticationFailed(
        "No token was sent. Send it as `Authorization: Bearer <token>`."
        if len(words) < 2  # noqa: PLR2004
        else "The Authorization header is not understood. Send it as `Authorization: Bearer <token>`."
    )
