"""The four digits in a message, which a reply must contain: a number alone accepts nothing.

There is one code for each person asked and address. It stays unique for that address until a day after its alert has
ended, so that a late reply to one alert is never taken for an answer to another.
"""

import secrets
from datetime import timedelta
from typing import Any

import structlog
from django.db import IntegrityError
from django.db.models import Q
from django.db.models.functions import Now

from alerts.models import ReplyCode
from alerts.states import AlertState
from config import statements

KEPT = timedelta(days=1)
"""How long after the end of its alert a code is not used again."""
TRIES = 30
"""Tries to find free digits. A number has only a few of the 10,000 codes at a time, so the first nearly always
succeeds."""

# One statement. It returns nothing if the digits are taken for this address, or another process is making the code at
# this moment: then it runs once more, with other digits. A released code gets new digits, because its own may belong to
# somebody else by now.
MAKE = """
WITH
renewed AS (
    UPDATE alerts_replycode SET code = %(code)s, released_at = NULL, ended_at = NULL
    WHERE engagement_id = %(engagement)s AND address = %(address)s AND released_at IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM alerts_replycode WHERE address = %(address)s AND code = %(code)s AND released_at IS NULL
      )
    RETURNING code
),
made AS (
    INSERT INTO alerts_replycode (engagement_id, address, code) VALUES (%(engagement)s, %(address)s, %(code)s)
    ON CONFLICT DO NOTHING
    RETURNING code
)
SELECT code FROM made
UNION ALL SELECT code FROM renewed
UNION ALL SELECT code FROM alerts_replycode
    WHERE engagement_id = %(engagement)s AND address = %(address)s AND released_at IS NULL
"""

log = structlog.get_logger(__name__)


def make(engagement_id: int, address: str) -> str:
    """The code of the person asked, for messages to this address; always the same. Empty if none is free."""
    for _ in range(TRIES):
        values: dict[str, Any] = {"engagement": engagement_id, "address": address, "code": _digits()}
        try:
            row = statements.prepared_row(MAKE, values)
        except IntegrityError:
            continue  # another process took these digits at this moment
        if row is not None:
            return str(row[0])
    log.error("codes.none_free", engagement_id=engagement_id)
    return ""


def release_old() -> None:
    """Let codes be used again a day after their alert has ended. Three statements, each of which may be repeated."""
    kept = ReplyCode.objects.filter(released_at=None)
    under_way = Q(engagement__alert__state=AlertState.OPEN)
    kept.filter(under_way, ended_at__isnull=False).update(ended_at=None)  # the alert was handed back
    kept.filter(~under_way, ended_at=None).update(ended_at=Now())
    kept.filter(ended_at__lt=Now() - KEPT).update(released_at=Now())


def _digits() -> str:
    return f"{secrets.randbelow(10_000):04}"
