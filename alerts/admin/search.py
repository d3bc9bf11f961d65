"""What a member of staff searched for, kept in their session: a patient reference must not stand in an address, which
browsers, proxies and access logs keep. The address has a word that means something in this session alone.
"""

import secrets

from django.http import HttpRequest

KEY = "alert_searches"
MOST = 20
"""Enough for the way back; the oldest are forgotten."""
FORGOTTEN = "This search is not known any more. Please search again."


def keep(request: HttpRequest, term: str) -> str:
    """The word that stands for the term from now on: the same one for the same term."""
    known: dict[str, str] = request.session.get(KEY, {})
    word = next((word for word, kept in known.items() if kept == term), None) or secrets.token_urlsafe(6)
    known.pop(word, None)
    request.session[KEY] = dict([*known.items(), (word, term)][-MOST:])
    return word


def term_of(request: HttpRequest, word: str) -> str | None:
    """The term for which a word stands; None where this session does not know it."""
    found: str | None = request.session.get(KEY, {}).get(word)
    return found
