"""The ledger's closed vocabulary: states, the transitions between them, and reasons.

Only `opening`, `claims` and `lifecycle` in `alerts.deliveries` write a state. The database refuses unlisted values.
"""

from django.db import models


class AlertState(models.TextChoices):
    """What staff, the sender or the people asked decided about an alert. Its deliveries have what machines did."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CANCELLED = "cancelled", "Cancelled"
    CLOSED = "closed", "Dealt with"
    WITHDRAWN = "withdrawn", "Withdrawn"


class AlertStatus(models.TextChoices):
    """What API clients see, derived from the alert's state and its deliveries."""

    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Picked up"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    WITHDRAWN = "withdrawn", "Withdrawn"


class DeliveryState(models.TextChoices):
    """How far the job of reaching one person over one channel has got."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Picked up"
    UNDELIVERED = "undelivered", "Not picked up"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    CANCELLED = "cancelled", "Cancelled"


class StaffAction(models.TextChoices):
    """What staff can do about an alert."""

    TAKE = "take", "I am on it"
    HAND_BACK = "hand_back", "Hand back"
    RESEND = "resend", "Send again"
    FORWARD = "forward", "Send to somebody else"
    CANCEL = "cancel", "Cancel"
    CLOSE = "close", "Mark as dealt with"
    REOPEN = "reopen", "Undo “dealt with”"


class Outcome(models.TextChoices):
    """How an alert was dealt with, as staff say."""

    BY_TELEPHONE = "by_telephone", "Told by telephone"
    IN_PERSON = "in_person", "Told in person"
    TAKEN_OVER = "taken_over", "Somebody else took it"
    ARRIVED = "arrived", "It had arrived after all"
    NOT_NEEDED = "not_needed", "Not needed any more"


NAMES_SOMEBODY = (Outcome.BY_TELEPHONE, Outcome.IN_PERSON, Outcome.TAKEN_OVER)
"""Outcomes that must say who was told; the database insists."""


class AttemptState(models.TextChoices):
    """How one call to the provider ended."""

    CALLING = "calling", "Calling the provider"
    SENT = "sent", "Sent"
    THROTTLED = "throttled", "Over the provider's limit"
    UNSENT = "unsent", "Not sent"
    REJECTED = "rejected", "Rejected"
    UNKNOWN = "unknown", "Unknown"


DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.PENDING: frozenset(
        {
            DeliveryState.SENDING,
            DeliveryState.SENT,
            DeliveryState.FAILED,
            DeliveryState.UNKNOWN,
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.PENDING,
            DeliveryState.SENT,
            DeliveryState.FAILED,
            DeliveryState.UNKNOWN,
            DeliveryState.CANCELLED,
        }
    ),
    DeliveryState.SENT: frozenset({DeliveryState.DELIVERED, DeliveryState.UNDELIVERED}),
    # A late answer settles the doubt.
    DeliveryState.UNKNOWN: frozenset({DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.PENDING}),
    DeliveryState.DELIVERED: frozenset(),
    DeliveryState.UNDELIVERED: frozenset(),
    DeliveryState.FAILED: frozenset(),
    # Staff undid what had stopped it.
    DeliveryState.CANCELLED: frozenset({DeliveryState.FAILED}),
}
"""PENDING → SENT, and every transition out of UNKNOWN, is an answer that came after the lease. PENDING → FAILED and
PENDING → UNKNOWN skip a channel whose provider is down. SENDING → CANCELLED is a retry that staff stopped."""

UNFINISHED = (DeliveryState.PENDING, DeliveryState.SENDING)
SUCCEEDED = (DeliveryState.SENT, DeliveryState.DELIVERED)
NEEDS_REASON = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.UNDELIVERED)
"""A delivery that ended like this must name a reason; the database insists."""


class Reason(models.TextChoices):
    """Why an attempt or a delivery did not succeed. `alerts.labels` says each in a sentence."""

    THROTTLED = "throttled"
    QUOTA = "quota"
    UNREACHABLE = "unreachable"
    ANSWER_LOST = "answer_lost"
    WORKER_LOST = "worker_lost"
    OUT_OF_TIME = "out_of_time"
    INVALID_ADDRESS = "invalid_address"
    OPTED_OUT = "opted_out"
    TOO_LONG = "too_long"
    INVALID_TEXT = "invalid_text"
    NOT_ALLOWED = "not_allowed"
    UNCONFIRMED = "unconfirmed"
    REFUSED = "refused"
    MISCONFIGURED = "misconfigured"
    PROVIDER_DOWN = "provider_down"
    BUSY = "busy"
    NOT_ANSWERED = "not_answered"
    CALL_FAILED = "call_failed"
    TRIES_USED_UP = "tries_used_up"
    TOO_OLD = "too_old"
    STOPPED = "stopped"
