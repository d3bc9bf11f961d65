"""The ledger's closed vocabulary: states, the ways between them, reasons; each with what it means for a telephone.

Only `alerts.deliveries.lifecycle` changes a state; the database refuses any that is not listed here.
"""

from django.db import models


class AlertState(models.TextChoices):
    """What people have decided about an alert; what machines did with it is in its deliveries."""

    OPEN = "open", "Open"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    CANCELLED = "cancelled", "Cancelled"
    CLOSED = "closed", "Dealt with"


class AlertStatus(models.TextChoices):
    """What an API client is told, derived from the alert's state and its deliveries."""

    QUEUED = "queued", "Queued"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Delivered"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class DeliveryState(models.TextChoices):
    """Where the job of reaching one person over one channel stands."""

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    DELIVERED = "delivered", "Reached the handset"
    UNDELIVERED = "undelivered", "Did not reach the handset"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
    CANCELLED = "cancelled", "Cancelled"


class StaffAction(models.TextChoices):
    """What a member of staff can do about an alert; kept with who did it and when."""

    RESEND = "resend", "Send again"
    CANCEL = "cancel", "Cancel"
    CLOSE = "close", "Mark as dealt with"


class AttemptState(models.TextChoices):
    """What one call to the provider came to."""

    CALLING = "calling", "Calling the provider"
    SENT = "sent", "Sent"
    THROTTLED = "throttled", "Told to slow down"
    UNSENT = "unsent", "Not sent"
    REJECTED = "rejected", "Rejected"
    UNKNOWN = "unknown", "Unknown"


DELIVERY_MEANING: dict[DeliveryState, str] = {
    DeliveryState.PENDING: "No telephone has been asked for yet, or an attempt failed and another will be made.",
    DeliveryState.SENDING: "A worker is talking to the provider; a telephone may ring at any moment.",
    DeliveryState.SENT: "The provider has taken the message. It may not have arrived yet.",
    DeliveryState.DELIVERED: "The provider says that the telephone got it.",
    DeliveryState.UNDELIVERED: "The provider took it and later said that the telephone did not get it.",
    DeliveryState.FAILED: "It was not accepted over this channel, which will not be tried again.",
    DeliveryState.UNKNOWN: "An answer was lost: it may have arrived. It is not sent this way again.",
    DeliveryState.CANCELLED: "Staff stopped it before it was sent.",
}

ATTEMPT_MEANING: dict[AttemptState, str] = {
    AttemptState.CALLING: "The request may be on its way.",
    AttemptState.SENT: "The provider has taken the message.",
    AttemptState.THROTTLED: "The provider refused for now, so nothing was sent; this does not use up a try.",
    AttemptState.UNSENT: "Nothing left this building, or the provider had no room; it can be tried again.",
    AttemptState.REJECTED: "The provider will never send this; nothing was sent.",
    AttemptState.UNKNOWN: "The request left and no answer came: it may have arrived.",
}

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
    DeliveryState.CANCELLED: frozenset(),
}
"""PENDING → ACCEPTED, and every way out of UNKNOWN, is an answer that came after the lease. PENDING → FAILED and
PENDING → UNKNOWN pass a channel over whose provider is down; SENDING → CANCELLED is a retry that staff stopped."""

UNFINISHED = (DeliveryState.PENDING, DeliveryState.SENDING)
SUCCEEDED = (DeliveryState.SENT, DeliveryState.DELIVERED)
NEEDS_REASON = (DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.UNDELIVERED)
"""A delivery that ended like this names a reason; the database insists."""


class Reason(models.TextChoices):
    """Why an attempt or a delivery did not succeed: what happened, and what staff can do about it."""

    THROTTLED = "throttled", "The provider asked us to slow down. Nothing has to be done."
    QUOTA = "quota", "A quota of the AWS account is used up. Ask AWS for a higher one."
    UNREACHABLE = "unreachable", "The provider could not be reached. Check the network and AWS's status page."
    ANSWER_LOST = "answer_lost", "The provider's answer was lost, so it may or may not have been sent."
    WORKER_LOST = (
        "worker_lost",
        "A worker stopped in the middle of sending, so it may or may not have been sent.",
    )
    OUT_OF_TIME = (
        "out_of_time",
        "Bleep was held up, so it was not sent this time. Nothing has to be done.",
    )
    INVALID_ADDRESS = (
        "invalid_address",
        "The provider refused this address. Correct it on the clinician's page.",
    )
    OPTED_OUT = "opted_out", "This number has opted out of SMS. The clinician must opt in again."
    NOT_ALLOWED = "not_allowed", "The account may not call this destination. Ask AWS to allow it."
    UNCONFIRMED = (
        "unconfirmed",
        "The clinician has not confirmed the e-mail subscription. Ask them to open its link.",
    )
    REFUSED = (
        "refused",
        "The provider refused the request. Tell the people who run Bleep the provider's code.",
    )
    MISCONFIGURED = (
        "misconfigured",
        "Bleep's access to AWS is not set up correctly. Tell the people who run Bleep.",
    )
    PROVIDER_DOWN = (
        "provider_down",
        "The provider kept failing, so this channel was given up. The attempts, if any, say why.",
    )
    BUSY = "busy", "The line was busy. Unless another channel got through, reach the person in another way."
    NOT_ANSWERED = (
        "not_answered",
        "Nobody answered the call. Unless another channel got through, reach the person in another way.",
    )
    CALL_FAILED = (
        "call_failed",
        "The call could not be put through. Check the number on the clinician's page.",
    )
    TRIES_USED_UP = (
        "tries_used_up",
        "It was tried as often as is allowed for this priority. See why each try failed, then send it again.",
    )
    TOO_OLD = (
        "too_old",
        "It could not be sent in the time that is allowed for this priority. Reach the person in another way.",
    )
