"""Records events of security: each is a row and a line in the log. Nothing else writes them."""

from contextvars import ContextVar
from typing import Any

import structlog
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest

from audit.models import Event, EventName
from config.security import addresses

log = structlog.get_logger(__name__)
request_of: ContextVar[HttpRequest | None] = ContextVar("request_of", default=None)
"""The request being answered, for code that is not given it, such as tokens."""


def record(
    name: EventName,
    *,
    user_id: int | None = None,
    kind: str = "",
    object_id: object = "",
    detail: str = "",
    request: HttpRequest | None = None,
    kept: bool = True,
) -> None:
    """Keep an event of security, or only log it. Never give it a password, a text or a patient."""
    request = request or request_of.get()
    event = Event(
        name=name,
        user_id=user_id or user_of(request),
        address=(addresses.of_client(request) if request else "") or None,
        kind=kind,
        object_id=str(object_id)[:64],
        detail=detail[:200],
    )
    if kept:
        event.save(force_insert=True)
    # Only after the commit: until then it may be rolled back.
    transaction.on_commit(lambda: _say(event))


def user_of(request: HttpRequest | None) -> int | None:
    """Who has logged in, if anybody. To the API an API client is the user."""
    user: Any = getattr(request, "user", None)
    return user.pk if isinstance(user, AbstractBaseUser) else None


def _say(event: Event) -> None:
    said = {"kind": event.kind, "object_id": event.object_id, "detail": event.detail}
    level = log.error if event.name == EventName.BREAK_GLASS else log.info
    level(
        EventName(event.name).value,
        user_id=event.user_id,
        address=event.address,
        **{name: value for name, value in said.items() if value},
    )
