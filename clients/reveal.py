"""Showing new secrets on a page of their own, which may be reloaded, without keeping them where others could look.

A page that is the answer to a POST issues another token when it is reloaded, so the answer is a redirect, and until it
is followed the secrets have to be somewhere. They are enciphered with a random key. The session, which is in the
database, has the ciphertext; a cookie, which is nowhere but in that one browser, has the key. Neither is of use without
the other, and both end after `SHOWN_FOR`.
"""

import hashlib
import json
import secrets
import time
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from clients.models import ApiToken

SHOWN_FOR = timedelta(minutes=10)
SESSION_KEY = "issued_tokens"
COOKIE = "issued_tokens_key"
KEY_BYTES = 32

Issued = Sequence[tuple[ApiToken, str]]


def keep(request: HttpRequest, response: HttpResponseBase, issued: Issued, *, path: str) -> None:
    """Keep these secrets for the page at `path`; what was kept before is forgotten."""
    plain = json.dumps([[token.pk, secret] for token, secret in issued]).encode()
    key = secrets.token_bytes(KEY_BYTES)
    request.session[SESSION_KEY] = {
        "until": time.time() + SHOWN_FOR.total_seconds(),
        "enciphered": b64encode(_cipher(key, plain)).decode(),
    }
    response.set_cookie(
        COOKIE,
        key.hex(),
        max_age=SHOWN_FOR,
        path=path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )


def kept(request: HttpRequest) -> list[tuple[ApiToken, str]]:
    """The secrets that were kept for this browser, with their tokens; empty once they have ended."""
    found = request.session.get(SESSION_KEY)
    if found is None:
        return []
    if found["until"] < time.time():
        del request.session[SESSION_KEY]
        return []
    try:
        pairs = json.loads(
            _cipher(bytes.fromhex(request.COOKIES.get(COOKIE, "")), b64decode(found["enciphered"]))
        )
    except ValueError:  # another browser, or a key that is not the one
        return []
    tokens = ApiToken.objects.select_related("client").in_bulk([pk for pk, _secret in pairs])
    return [(tokens[pk], secret) for pk, secret in pairs if pk in tokens]


def forget(request: HttpRequest, response: HttpResponseBase, *, path: str) -> None:
    """End it now."""
    request.session.pop(SESSION_KEY, None)
    response.delete_cookie(COOKIE, path=path, samesite="Strict")


def _cipher(key: bytes, text: bytes) -> bytes:
    """Encipher, and the same again deciphers: SHAKE-256 makes a stream as long as the text, from a key used once."""
    stream = hashlib.shake_256(key).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))
