"""The four digits that stand in a message, and that a reply must have: so a number alone accepts nothing.

One code for each person asked and address, unique for that address until a day after its alert has ended: a late reply
to one alert is never taken for an answer to another.
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
"""A number has a few codes at a time, of 10,000. So the first try nearly always succeeds."""

# One statement. It finds nothing if the digits are taken for this address, or another process makes the code just now:
# then it is run once more, with other digits. A code that was released gets new digits: its own may be somebody else's.
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
    """The code of the person asked, for messages to this address; the same however often. Empty if none is free."""
    for _ in range(TRIES):
        values: dict[str, Any] = {"engagement": engagement_id, "address": address, "code": _digits()}
        try:
            row = statements.prepared_row(MAKE, values)
        except IntegrityError:
            continue  # another process took these digits in this instant
        if row is not None:
            return str(row[0])
    log.error("codes.none_free", engagement_id=engagement_id)
    return ""


def release_old() -> None:
    """Let codes be used again a day after their alert has ended. Three statements, of which each may be repeated."""
    kept = ReplyCode.objects.filter(released_at=None)
    under_way = Q(engagement__alert__state=AlertState.OPEN)
    kept.filter(under_way, ended_at__isnull=False).update(ended_at=None)  # it was handed back
    kept.filter(~under_way, ended_at=None).update(ended_at=Now())
    kept.filter(ended_at__lt=Now() - KEPT).update(released_at=Now())


def _digits() -> str:
    return f"{secrets.randbelow(10_000):04}"
