"""Search terms, kept in the user's session. A term may be a patient reference, and browsers, proxies and access logs
keep addresses: so the address has a token, which means something in this session only.
"""

import secrets

from django.http import HttpRequest

KEY = "alert_searches"
MAX_TERMS = 20
"""Terms in a session: enough for the browser's back button. The oldest are dropped."""
FORGOTTEN = "This search has expired. Search again."


def keep(request: HttpRequest, term: str) -> str:
    """Keep the term, and return its token: the same token for the same term."""
    known: dict[str, str] = request.session.get(KEY, {})
    token = next((token for token, kept in known.items() if kept == term), None) or secrets.token_urlsafe(6)
    known.pop(token, None)
    request.session[KEY] = dict([*known.items(), (token, term)][-MAX_TERMS:])
    return token


def term_of(request: HttpRequest, token: str) -> str | None:
    """The term for a token; None if this session does not know it."""
    found: str | None = request.session.get(KEY, {}).get(token)
    return found
