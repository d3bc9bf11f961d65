"""Makes, finds and ends tokens.

A token is 256 random bits, so a plain SHA-256 is a safe digest: there is nothing to guess, and a slow hash would only
cost time on every request.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from django.db import models, transaction
from django.db.models.functions import Least, Now

from audit.events import record
from audit.models import EventName
from clients.models import PREFIX_LENGTH, Access, ApiClient, ApiToken

RANDOM_BYTES = 32
ROTATION_OVERLAP = timedelta(hours=24)
"""How long the old token still works after a rotation, so that the sender can change over without a gap."""
LAST_USED_EVERY = timedelta(minutes=1)
EXPIRES_SOON = timedelta(days=14)
MISSED_FOR = timedelta(days=14)
"""How long after its last use an expired token counts as one that a system still uses."""
CHANGED_OVER = timedelta(hours=1)
"""A rotated token that was not used in its last hour counts as replaced in time."""

# The database's clock, which Bleep uses everywhere.
LIVE = models.Q(models.Q(expires_at=None) | models.Q(expires_at__gt=Now()), revoked_at=None)
AS_LONG_AGAIN = models.ExpressionWrapper(
    Now() + (models.F("expires_at") - models.F("created_at")), models.DateTimeField(null=True)
)
UNUSED_LATELY = models.Q(last_used_at=None) | models.Q(last_used_at__lt=Now() - LAST_USED_EVERY)


def digest(secret: str) -> str:
    """The SHA-256 of a token, which is all that is stored."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()  # a header may hold anything


def issue(
    *,
    client: ApiClient,
    label: str = "",
    access: Access = Access.SEND,
    expires_at: datetime | None = None,
    secret: str = "",
) -> tuple[ApiToken, str]:
    """Store a token. Returns its record and the secret, which cannot be read again. Without a secret, makes one."""
    secret = secret or secrets.token_urlsafe(RANDOM_BYTES)
    token = ApiToken.objects.create(
        client=client,
        label=label,
        access=access,
        digest=digest(secret),
        prefix=secret[: min(PREFIX_LENGTH, len(secret) // 2)],
        expires_at=expires_at,
    )
    _record(EventName.TOKEN_ISSUED, token)
    return token, secret


def rotate(token: ApiToken) -> tuple[ApiToken, str]:
    """Make a successor for `token`, which still works for `ROTATION_OVERLAP` and then expires.

    The successor's lifetime is that of `token`, counted from now; without an expiry if `token` had none.

    Raises:
        ValueError: the token has been revoked, has expired or was rotated before: issue a new one instead.
    """
    with transaction.atomic():
        live = ApiToken.objects.select_for_update().filter(LIVE, pk=token.pk)
        found = live.annotate(successor_expires_at=AS_LONG_AGAIN).first()
        if found is None:
            raise ValueError(f"{token} has been revoked or has expired. Add a new token instead.")
        if found.rotated_at is not None:
            # Its expiry is now the end of the overlap, so its original lifetime is not known.
            raise ValueError(f"{token} has been rotated already. Add a new token instead.")
        ApiToken.objects.filter(pk=token.pk).update(
            rotated_at=Now(),
            expires_at=Least(
                models.F("expires_at"),
                models.ExpressionWrapper(Now() + ROTATION_OVERLAP, models.DateTimeField()),
            ),
        )
        _record(EventName.TOKEN_ROTATED, token)
        return issue(
            client=token.client,
            label=token.label,
            access=Access(token.access),
            expires_at=found.successor_expires_at,
        )


def revoke(tokens: models.QuerySet[ApiToken]) -> list[ApiToken]:
    """Revoke these tokens. Returns those that were not revoked before."""
    with transaction.atomic():
        live = tokens.select_for_update(of=("self",)).select_related("client")
        ended = list(live.filter(revoked_at=None).order_by("pk"))
        ApiToken.objects.filter(pk__in=[token.pk for token in ended]).update(revoked_at=Now())
        for token in ended:
            _record(EventName.TOKEN_REVOKED, token)
    return ended


def _record(name: EventName, token: ApiToken) -> None:
    """Record the event under the token's key. The beginning of the secret is not needed to find it."""
    record(name, kind="clients.apitoken", object_id=token.pk, detail=f"API client {token.client_id}")


def expiring() -> models.QuerySet[ApiToken]:
    """Live tokens that expire soon and have no successor, or are still used although they have one."""
    ends_soon = models.Q(expires_at__gt=Now(), expires_at__lt=Now() + EXPIRES_SOON, revoked_at=None)
    needed = models.Q(rotated_at=None) | models.Q(last_used_at__gt=models.F("rotated_at"))
    return ApiToken.objects.filter(ends_soon, needed, client__active=True).order_by("expires_at")


def refused() -> models.QuerySet[ApiToken]:
    """Tokens that expired in use: their systems get 401 now. Each is in it until it is revoked, or unused for
    `MISSED_FOR`.
    """
    ended = models.Q(expires_at__lte=Now(), revoked_at=None, last_used_at__gt=Now() - MISSED_FOR)
    needed = models.Q(rotated_at=None) | models.Q(last_used_at__gt=models.F("expires_at") - CHANGED_OVER)
    return ApiToken.objects.filter(ended, needed, client__active=True).order_by("expires_at")


class TokenStatus(Enum):
    """Whether a token works, as staff read it."""

    WORKS = "Works"
    REPLACED = "Works, and has a successor"
    EXPIRED = "Expired"
    SWITCHED_OFF = "Switched off with its client"
    REVOKED = "Revoked"

    @property
    def works(self) -> bool:
        return self in {TokenStatus.WORKS, TokenStatus.REPLACED}


def status(token: ApiToken, now: datetime) -> TokenStatus:
    """The status of a token. Being revoked or switched off counts before expiry."""
    if token.revoked_at:
        return TokenStatus.REVOKED
    if not token.client.active:
        return TokenStatus.SWITCHED_OFF
    if token.has_expired(now):
        return TokenStatus.EXPIRED
    return TokenStatus.REPLACED if token.rotated_at else TokenStatus.WORKS


class Found(NamedTuple):
    """A token that was looked up by its secret."""

    token: ApiToken
    live: bool
    unused_lately: bool


def find(secret: str) -> Found | None:
    """The token with its client, whatever its status. One indexed query."""
    token = (
        ApiToken.objects.select_related("client")
        .filter(digest=digest(secret))
        .annotate(live=LIVE, unused_lately=UNUSED_LATELY)
        .first()
    )
    return Found(token, token.live, token.unused_lately) if token else None


def mark_used(token: ApiToken) -> None:
    """Save the time of use, at most once a minute; the condition is in the statement, so that threads do not race."""
    ApiToken.objects.filter(UNUSED_LATELY, pk=token.pk).update(last_used_at=Now())
