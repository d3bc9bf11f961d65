"""Takes an alert in one statement, which costs a tenth of `step_by_step.accept`.

It takes usual alerts: a token that may send, a new `message_id`, a clinician with nothing against any channel of their
route, and no plan. It never refuses: if it takes nothing, `accept` decides. A test compares the two.
"""

import uuid
from datetime import datetime
from typing import NamedTuple

import structlog
from django.db import Error, connection
from structlog.contextvars import bind_contextvars

from alerts.deliveries import opening
from alerts.intake.step_by_step import Accepted, NewAlert, as_stored
from alerts.models import Alert, Delivery
from alerts.states import AlertState, DeliveryState
from clients import tokens
from clients.models import Access, ApiToken
from config import database, statements, tracing
from contacts.choices import Channel, Subscription

log = structlog.get_logger(__name__)

_ADDRESS = " ".join(f"WHEN '{channel}' THEN {channel.facts.address_field}" for channel in Channel)

STATEMENT = f"""
WITH
-- The token may send, and so may its client. `clients.tokens` has the same conditions.
sender AS (
    SELECT token.client_id,
           coalesce(token.last_used_at < statement_timestamp() - %(used_every)s, true) AS unused_lately
    FROM clients_apitoken AS token JOIN clients_apiclient AS client ON client.id = token.client_id
    WHERE token.digest = %(digest)s AND token.access = '{Access.SEND}' AND client.active
      AND token.revoked_at IS NULL AND coalesce(token.expires_at > statement_timestamp(), true)
),
-- The channels that the clinician has chosen for this priority, with their addresses.
step AS (
    SELECT clinician.id AS clinician_id, preference.position, preference.channel,
           clinician.department <> '' AS has_department, CASE preference.channel {_ADDRESS} END AS address
    FROM contacts_clinician AS clinician
    JOIN contacts_preference AS preference ON preference.clinician_id = clinician.id
    WHERE clinician.contact_id = %(contact_id)s AND clinician.active AND preference.priority = %(priority)s
),
-- What is known against any of them: then the order changes, and the delivery has to say what it skips.
unusual AS (
    SELECT FROM step
    WHERE address = ''
       OR EXISTS (SELECT FROM contacts_obstacle AS obstacle WHERE obstacle.clinician_id = step.clinician_id)
       -- A plan of any department is left to `oncall.plans`: only Python compares departments' names.
       OR EXISTS (
            SELECT FROM oncall_planchoice AS choice
            WHERE choice.priority = %(priority)s
              AND (choice.clinician_id = step.clinician_id
                   OR choice.clinician_id IS NULL AND (choice.department_key = '' OR step.has_department))
       )
       OR channel = '{Channel.EMAIL}' AND NOT EXISTS (
            SELECT FROM contacts_emailsubscription AS subscription
            WHERE subscription.clinician_id = step.clinician_id AND subscription.address = lower(step.address)
              AND subscription.state = '{Subscription.CONFIRMED}'
       )
),
first AS (
    SELECT * FROM step WHERE NOT EXISTS (SELECT FROM unusual) ORDER BY position LIMIT 1
),
-- Whoever is second with a message_id waits here for the first, and then inserts nothing.
alert AS (
    INSERT INTO alerts_alert (client_id, is_test, message_id, type, patient_id, contact_id, clinician_id, description,
                              priority, state)
    SELECT sender.client_id, false, %(message_id)s, %(type)s, %(patient_id)s, %(contact_id)s, first.clinician_id,
           %(description)s, %(priority)s, '{AlertState.OPEN}'
    FROM sender, first
    ON CONFLICT (message_id) DO NOTHING
    RETURNING id, created_at
),
delivery AS (
    INSERT INTO alerts_delivery (id, alert_id, clinician_id, priority, channel, address, round, position, state, reason,
                                 possible_duplicate, provider_id, attempt_count, traceparent)
    SELECT %(delivery_id)s, alert.id, first.clinician_id, %(priority)s, first.channel, first.address, 1, 1,
           '{DeliveryState.PENDING}', '', false, '', 0, %(traceparent)s
    FROM alert, first
    RETURNING created_at
)
-- A row for a good token, whatever became of the alert.
SELECT sender.client_id, sender.unused_lately, stored.*
FROM sender LEFT JOIN (
    SELECT alert.id, alert.created_at, first.clinician_id, first.channel, first.address, delivery.created_at
    FROM alert, first, delivery
) AS stored ON true
"""  # noqa: S608 - names of our own


class AtOnce(NamedTuple):
    """The result of the statement."""

    may_send: bool
    """Whether the token may send. False also if the statement failed: then nothing is known."""
    accepted: Accepted | None
    """The stored alert, if there is one."""


class _Stored(NamedTuple):
    alert_id: int
    created_at: datetime
    clinician_id: int
    channel: str
    address: str
    delivery_created_at: datetime


def accept_at_once(*, token: ApiToken, new: NewAlert) -> AtOnce:
    """Store the alert and its first delivery, if nothing about it is unusual, and wake the relays.

    If nothing was accepted, `accept` has to decide. It may do so even if only the answer to a commit was lost: then it
    finds the alert, and treats the request as a repeat.

    Raises:
        Error: the database took too long, or a table is locked.
    """
    delivery_id = uuid.uuid4()
    values = {
        **vars(new),
        "delivery_id": delivery_id,
        "digest": token.digest,
        "used_every": tokens.LAST_USED_EVERY,
        "traceparent": tracing.traceparent(),
    }
    try:
        found = statements.prepared_row(STATEMENT, values)
    except Error as error:
        if connection.in_atomic_block or database.has_waited(error):
            raise  # `accept` would fail as well
        log.warning("intake.not_at_once", error=type(error).__name__)
        return AtOnce(may_send=False, accepted=None)
    if found is None:
        return AtOnce(may_send=False, accepted=None)
    client_id, unused_lately, *stored = found
    if unused_lately:
        _mark_used(token)
    if stored[0] is None:
        return AtOnce(may_send=True, accepted=None)
    opening.wake_relays()
    alert = _alert(new, client_id, delivery_id, _Stored(*stored))
    return AtOnce(may_send=True, accepted=Accepted(alert, replayed=False))


def _mark_used(token: ApiToken) -> None:
    try:
        tokens.mark_used(token)
    except Error as error:  # the alert is stored, so nothing may delay the response
        log.warning("token.use_not_noted", error=type(error).__name__)


def _alert(new: NewAlert, client_id: int, delivery_id: uuid.UUID, row: _Stored) -> Alert:
    alert = Alert(
        pk=row.alert_id,
        client_id=client_id,
        clinician_id=row.clinician_id,
        created_at=row.created_at,
        **vars(new),
    )
    delivery = Delivery(
        pk=delivery_id,
        alert=alert,
        clinician_id=row.clinician_id,
        priority=new.priority,
        channel=row.channel,
        address=row.address,
        created_at=row.delivery_created_at,
    )
    bind_contextvars(alert_id=alert.pk)
    tracing.note(alert_id=alert.pk)
    return as_stored(alert, delivery)
