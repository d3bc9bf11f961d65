"""Opening a channel for an alert: the first, or the next one, and waking the relays, which hand it over."""

import uuid

import structlog
from django.db import Error, connection, transaction

from alerts.deliveries import queries
from alerts.models import Alert, Delivery
from alerts.states import AlertState
from contacts.routing import Step

DUE_CHANNEL = "bleep_due"
"""The NOTIFY channel that wakes the relays."""

log = structlog.get_logger(__name__)


def open_delivery(
    alert: Alert, step: Step, *, round_number: int = 1, possible_duplicate: bool = False
) -> Delivery:
    """Create a delivery that is due now, and wake the relays. Call inside a transaction."""
    delivery = Delivery.objects.create(
        alert=alert,
        clinician_id=alert.clinician_id,
        priority=alert.priority,
        channel=step.channel,
        address=step.address,
        skipped=[
            {
                "channel": each.channel,
                "obstacle": each.obstacle,
                "since": each.since and each.since.isoformat(),
            }
            for each in step.skipped
        ],
        round=round_number,
        possible_duplicate=possible_duplicate,
    )
    wake_relays()
    return delivery


def wake_relays() -> None:
    """Wake every relay once the transaction has committed.

    A hint: a relay looks every second anyway. So it costs nothing if it fails, as with a full queue of notifications,
    which another application of the same server can cause.
    """
    transaction.on_commit(_notify)


def _notify() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {DUE_CHANNEL}")
    except Error as error:
        log.warning("relays.not_woken", error=type(error).__name__)


def open_next(given_up: Delivery, *, in_doubt: bool = False) -> Delivery | None:
    """Open the next channel of the clinician's *current* route. Call inside a transaction.

    None if no channel is left in this round, staff have closed the alert, or another channel is already under way.
    """
    alert = lock_alert_of(given_up.pk)
    if alert.state != AlertState.OPEN or queries.another_is_on_its_way(alert, given_up):
        return None
    left = queries.steps_left(given_up)
    if not left:
        report_if_failed(alert.pk)
        return None
    # A doubt stays on every channel that follows.
    doubtful = in_doubt or given_up.possible_duplicate
    return open_delivery(alert, left[0], round_number=given_up.round, possible_duplicate=doubtful)


def lock_alert_of(delivery_id: uuid.UUID) -> Alert:
    """Lock the alert before its deliveries, as staff's actions do. In the other order two could deadlock."""
    return Alert.objects.select_for_update(of=("self",), no_key=True).get(deliveries=delivery_id)


def report_if_failed(alert_id: int) -> None:
    """Log an error after the commit if nothing is left that could reach the person."""
    # Cancelled and closed alerts and tests are no emergency: staff are looking at them.
    if Alert.objects.needing_attention().filter(pk=alert_id).exists():
        transaction.on_commit(lambda: log.error("alert.failed", alert_id=alert_id))
