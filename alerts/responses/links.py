"""Links in messages: each opens the page of one alert for one person, without a login.

A token is random, and only its digest is kept: nobody who reads the database can answer for a person. For that reason a
message that is sent again has another link.
"""

import hashlib
import secrets
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from alerts.models import AnswerLink
from config import statements

PATH = "a"
"""The path is short, because an SMS has 160 characters. `door.app` sends it to the API's service."""
TOKEN_BYTES = 16
EXAMPLE = "0" * 22
"""A text as long as a token."""
LASTS = timedelta(hours=24)
MOST_WRONG = 5
"""How many wrong digits close a link."""
FORGOTTEN_AFTER = timedelta(days=30)

MAKE = """
INSERT INTO alerts_answerlink (delivery_id, digest, expires_at)
VALUES (%(delivery)s, %(digest)s, statement_timestamp() + %(lasts)s)
RETURNING id
"""


def make(delivery_id: uuid.UUID) -> str:
    """The token of a new link for a message. One statement."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    statements.prepared_row(MAKE, {"delivery": delivery_id, "digest": _digest(token), "lasts": LASTS})
    return token


def url(token: str) -> str:
    """The link in the message."""
    return f"{settings.PUBLIC_URL}/{PATH}/{token}"


def find(token: str) -> AnswerLink | None:
    """The link with this token, unless it has expired or is closed."""
    found = AnswerLink.objects.filter(digest=_digest(token), expires_at__gt=Now(), wrong_codes__lt=MOST_WRONG)
    return found.select_related("delivery__alert", "delivery__clinician").first()


def is_right(link: AnswerLink, given: str, code: str) -> bool:
    """Whether these are the digits of the message. Wrong ones are counted, one request after the other."""
    with transaction.atomic():
        mine = AnswerLink.objects.select_for_update().filter(pk=link.pk, wrong_codes__lt=MOST_WRONG)
        if not mine.exists():
            return False
        if code and secrets.compare_digest(given.encode(), code.encode()):
            return True
        mine.update(wrong_codes=F("wrong_codes") + 1)
        return False


def forget_old() -> None:
    """Delete links that expired long ago."""
    AnswerLink.objects.filter(expires_at__lt=Now() - FORGOTTEN_AFTER).delete()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
