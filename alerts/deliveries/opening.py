"""Opens a channel for an alert, the first or the next one, and wakes the relays, which hand it over."""

import contextlib
import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple

import structlog
from django.db import Error, connection, transaction
from django.db.models.expressions import Combinable
from psycopg import errors

from alerts.deliveries import engagements, queries
from alerts.models import Alert, Delivery, Engagement
from alerts.states import Notice
from config import tracing
from contacts.routing import Step

DUE_CHANNEL = "bleep_due"
"""The NOTIFY channel that wakes the relays."""

log = structlog.get_logger(__name__)


def open_delivery(
    alert: Alert,
    step: Step,
    *,
    round_number: int = 1,
    position: int = 1,
    begins_at: Combinable | None = None,
    possible_duplicate: bool = False,
    traceparent: str | None = None,
    engagement: Engagement | None = None,
    notice: Notice | None = None,
) -> Delivery:
    """Create a delivery that is due at `begins_at`, or now, and wake the relays. Call inside a transaction.

    It goes to the person of the `engagement`, or else to the person whom the alert is for. A `notice` asks for nothing.
    `traceparent` is that of the delivery before it. Without one the delivery belongs to the current trace, if any.
    """
    pause = {} if begins_at is None else {"begins_at": begins_at, "available_at": begins_at}
    delivery = _to(
        alert,
        step,
        engagement,
        notice=notice or "",
        round=round_number,
        position=position,
        **pause,
        possible_duplicate=possible_duplicate,
        traceparent=tracing.traceparent() if traceparent is None else traceparent,
    )
    delivery.save(force_insert=True)
    tracing.note(alert_id=alert.pk)
    wake_relays()
    return delivery


class First(NamedTuple):
    """The first channel to a person who is asked."""

    step: Step
    engagement: Engagement
    traceparent: str


def open_firsts(firsts: Sequence[First]) -> list[Delivery]:
    """`open_delivery` for many people who are asked, in one statement."""
    made = [
        _to(each.engagement.alert, each.step, each.engagement, traceparent=each.traceparent)
        for each in firsts
    ]
    for each in Delivery.objects.bulk_create(made):
        tracing.note(alert_id=each.alert_id)
    wake_relays()
    return made


def _to(alert: Alert, step: Step, engagement: Engagement | None, **fields: Any) -> Delivery:
    """A delivery that is not stored yet."""
    return Delivery(
        alert=alert,
        clinician_id=engagement.clinician_id if engagement else alert.clinician_id,
        engagement=engagement,
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
        **fields,
    )


def wake_relays() -> None:
    """Wake every relay once the transaction has committed.

    This is only a hint, because a relay looks every second anyway. So a failure costs nothing. It does fail while the
    queue of notifications is full, which another application on the same server can cause.
    """
    transaction.on_commit(_notify)


def _notify() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {DUE_CHANNEL}")
    except Error as error:
        log.warning("relays.not_woken", error=type(error).__name__)
        if isinstance(error.__cause__, errors.ProgramLimitExceeded):
            _make_room_for_notifications()


def _make_room_for_notifications() -> None:
    """Let PostgreSQL drop notifications that everybody has read.

    In a full queue only this query makes PostgreSQL do so. Without it no relay would be woken again, even after the
    application that filled the queue has left.
    """
    with contextlib.suppress(Error), connection.cursor() as cursor:
        cursor.execute("SELECT pg_notification_queue_usage()")


def open_next(given_up: Delivery, *, in_doubt: bool = False) -> Delivery | None:
    """Open the next channel of the clinician's *current* route. Call inside a transaction.

    None if no channel is left in this round, the person is not wanted any more, or another channel is under way.
    """
    alert = lock_alert_of(given_up.pk)
    if given_up.notice:
        return None  # one short message is enough
    if not engagements.is_wanted(alert, given_up) or queries.another_is_under_way(alert, given_up):
        return None
    opened = _open_first_left(alert, given_up, given_up=given_up.pk, in_doubt=in_doubt)
    if opened is None:
        nothing_left(given_up)
    return opened


def open_repeat(sent: Delivery) -> Delivery | None:
    """After a provider took a message: open the next step over a channel on which the person was missed before. Call
    with the alert's lock, inside a transaction.

    None, without a query, for the first delivery of a round.
    """
    if sent.position == 1 or sent.notice:
        return None
    alert = Alert.objects.get(pk=sent.alert_id)
    if not engagements.is_wanted(alert, sent) or queries.another_is_under_way(alert, sent):
        return None
    return _open_first_left(alert, sent, given_up=None, in_doubt=False)


def _open_first_left(
    alert: Alert, after: Delivery, *, given_up: uuid.UUID | None, in_doubt: bool
) -> Delivery | None:
    current = queries.round_of(after)
    for step in current.left(given_up)[:1]:
        return open_delivery(
            alert,
            step,
            round_number=after.round,
            position=current.next_position,
            begins_at=current.begins_at(step),
            # A doubt stays on every channel that follows.
            possible_duplicate=in_doubt or after.possible_duplicate,
            traceparent=after.traceparent,
            engagement=after.engagement,
        )
    return None


def lock_alert_of(delivery_id: uuid.UUID) -> Alert:
    """Lock the alert before its deliveries, as staff's actions do. In the other order two could deadlock."""
    return Alert.objects.select_for_update(of=("self",), no_key=True).get(deliveries=delivery_id)


def nothing_left(ended: Delivery) -> None:
    """Handle the end of a person's channels: ask the next person, or report that the alert has failed."""
    if ended.engagement_id and engagements.give_up(ended.engagement_id, ended.alert_id):
        wake_relays()
    report_if_failed(ended.alert_id)


def report_if_failed(alert_id: int) -> None:
    """Log an error after the commit if nothing is left that can reach the person."""
    # Cancelled and closed alerts and tests are no emergency: staff are looking at them already.
    if Alert.objects.needing_attention().filter(pk=alert_id).exists():
        transaction.on_commit(lambda: log.error("alert.failed", alert_id=alert_id))
