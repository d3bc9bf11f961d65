"""Records for the comparison: Bleep's rows from PostgreSQL, and the messages that the stand-in for AWS received."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from bench.load.people import key_of
from bench.stack import Stack

SUCCEEDED = ("sent", "delivered")
UNFINISHED = ("pending", "sending")


@dataclass(frozen=True)
class AttemptRecord:
    """One attempt, as stored."""

    number: int
    state: str
    reason: str = ""
    provider_id: str = ""
    late: bool = False


@dataclass(frozen=True)
class DeliveryRecord:
    """One delivery, as stored."""

    id: str
    channel: str
    state: str
    reason: str = ""
    possible_duplicate: bool = False
    provider_id: str = ""
    attempt_count: int = 0
    skipped: Sequence[str] = ()
    """The channels that it left out, since something is known against them."""
    attempts: Sequence[AttemptRecord] = ()


@dataclass(frozen=True)
class AlertRecord:
    """One alert, as stored, with its deliveries, oldest first."""

    key: str
    priority: str
    contact_id: str
    deliveries: Sequence[DeliveryRecord] = field(default_factory=tuple)


@dataclass(frozen=True)
class MessageRecord:
    """One message that the provider received."""

    key: str
    channel: str
    provider_id: str
    client_token: str = ""


def alerts(stack: Stack) -> list[AlertRecord]:
    """All alerts."""
    attempts: dict[str, list[AttemptRecord]] = {}
    for delivery, *values in stack.rows(
        "SELECT delivery_id::text, number, state, reason, provider_id, late FROM alerts_attempt ORDER BY number"
    ):
        attempts.setdefault(delivery, []).append(AttemptRecord(*values))
    deliveries: dict[int, list[DeliveryRecord]] = {}
    for alert, *values in stack.rows(
        "SELECT alert_id, id::text, channel, state, reason, possible_duplicate, provider_id, attempt_count,"
        " ARRAY(SELECT jsonb_array_elements(skipped)->>'channel')"
        " FROM alerts_delivery ORDER BY created_at, id"
    ):
        made = DeliveryRecord(*values)
        deliveries.setdefault(alert, []).append(replace(made, attempts=attempts.get(made.id, ())))
    return [
        AlertRecord(key, priority, contact_id, deliveries.get(pk, ()))
        for pk, key, priority, contact_id in stack.rows(
            "SELECT id, message_id, priority, contact_id FROM alerts_alert"
        )
    ]


def received(stack: Stack, *, but: Collection[str] = ()) -> list[MessageRecord]:
    """All messages that the stand-in received, including unanswered calls, `but` those to some addresses."""
    return [
        MessageRecord(
            key_of(message["text"]), message["channel"], message["provider_id"], message["client_token"] or ""
        )
        for message in json.loads(stack.aws("GET", "/messages?missed=true"))
        if message["to"] not in but
    ]
