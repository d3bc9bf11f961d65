"""Search terms, kept in the user's session.

A term may be a patient reference, and browsers, proxies and access logs keep addresses. So the address has a token
instead, which means something in this session only.
"""

import secrets
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from alerts.models import Alert

KEY = "alert_searches"
MAX_TERMS = 20
"""Terms in a session: enough for the browser's back button. The oldest are dropped."""
FORGOTTEN = "This search has expired. Search again."
SEARCHED = 20_000
"""How many of the newest alerts are searched for parts of words: no index finds these, and there may be millions."""
FIELDS = ("message_id", "patient_id", "contact_id", "clinician__search_text__folded", "description")
WHOLE = ("message_id", "patient_id")
"""The fields by which older alerts are found too, with an index."""
MOST_OLD = 1000
"""The most alerts of one patient reference that are found."""


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


def matching(alerts: QuerySet[Alert], term: str) -> tuple[QuerySet[Alert], datetime | None]:
    """The alerts in which each word of `term` is a part of a field, and older ones that have `term` as their ID. Also
    the time from which on parts were searched for; None if all alerts were searched.

    Three queries, of which one or two are made at once.
    """
    newest = alerts.order_by("-created_at", "-id")
    since = newest.values_list("created_at", flat=True)[SEARCHED : SEARCHED + 1].first()
    if since is None:
        return alerts.filter(_parts(term)), None
    whole = reduce(or_, (Q(**{field: term}) for field in WHOLE))
    old = list(newest.filter(whole).values_list("pk", flat=True)[:MOST_OLD])
    return alerts.filter(Q(_parts(term), created_at__gt=since) | Q(pk__in=old)), since


def _parts(term: str) -> Q:
    found = Q()
    for word in smart_split(term):
        part = unescape_string_literal(word) if word[0] in "\"'" and word[0] == word[-1] else word
        found &= reduce(or_, (Q(**{_lookup(field): part}) for field in FIELDS))
    return found


def _lookup(field: str) -> str:
    return field if field.endswith("__folded") else f"{field}__icontains"
