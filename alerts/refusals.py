"""The register of refused requests: enters them, and forgets old ones."""

from datetime import timedelta
from typing import Any

import structlog
from django.db import Error, connection
from django.db.models.functions import Now

from alerts.models import Refusal, RefusalReason
from clients.models import ApiClient
from config import database

KEPT = timedelta(days=90)
"""How long after its last request a row is kept."""
FORGET_EVERY = 3600.0
"""Seconds."""

# One statement, so any number may come at once. A row beyond the limit of its client is the one for all others.
ENTER = """
INSERT INTO alerts_refusal AS known
    (client_id, contact_id, reason, priority, message_ids, has_more_ids, requests, first_at, last_at)
SELECT given.client_id,
       CASE WHEN own.is_full AND NOT EXISTS (
           SELECT FROM alerts_refusal AS kept
           WHERE kept.seen_at IS NULL AND kept.client_id = given.client_id AND kept.contact_id = given.contact_id
             AND kept.reason = given.reason AND kept.priority = given.priority
       ) THEN '' ELSE given.contact_id END,
       given.reason, given.priority, given.message_ids, given.message_ids = '{}', 1,
       statement_timestamp(), statement_timestamp()
FROM (VALUES (
         %(client)s::bigint, %(contact_id)s::text, %(reason)s::text, %(priority)s::text, %(message_ids)s::varchar[]
     )) AS given (client_id, contact_id, reason, priority, message_ids),
     LATERAL (SELECT count(*) >= %(most)s AS is_full FROM (
         SELECT FROM alerts_refusal WHERE client_id = given.client_id AND seen_at IS NULL LIMIT %(most)s
     ) AS open_rows) AS own
ON CONFLICT (client_id, contact_id, reason, priority) WHERE seen_at IS NULL DO UPDATE SET
    requests = known.requests + 1,
    last_at = excluded.last_at,
    message_ids = CASE WHEN known.message_ids @> excluded.message_ids
                         OR cardinality(known.message_ids) >= %(most_ids)s
                       THEN known.message_ids ELSE known.message_ids || excluded.message_ids END,
    has_more_ids = known.has_more_ids OR excluded.has_more_ids
                OR (cardinality(known.message_ids) >= %(most_ids)s
                    AND NOT known.message_ids @> excluded.message_ids)
"""

log = structlog.get_logger(__name__)


def enter(
    *, client: ApiClient, contact_id: str, reason: RefusalReason, priority: str, message_id: str
) -> None:
    """Count a refused request. An error is only logged, because the response to the sender stays as it is.

    `contact_id`, `priority` and `message_id` are empty if the request had none that could be read.
    """
    values: dict[str, Any] = {
        "client": client.pk,
        "contact_id": contact_id,
        "reason": reason.value,
        "priority": priority,
        "message_ids": [message_id] if message_id else [],
        "most": Refusal.MAX_OPEN,
        "most_ids": Refusal.MAX_IDS,
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(ENTER, values)
    except Error as error:
        log.error("refusal.not_entered", reason=reason.value, error=type(error).__name__)  # noqa: TRY400 - no text
        if isinstance(error, database.AWAY):
            database.forget_session()


def forget_old() -> None:
    """Delete rows whose last request is older than `KEPT`."""
    Refusal.objects.filter(last_at__lt=Now() - KEPT).delete()
