"""The state of an alert in a sentence or two, and what staff should do about it."""

from collections.abc import Mapping
from uuid import UUID

from alerts.models import Alert, Delivery
from alerts.sending.delays import Delay
from alerts.states import AlertState, AlertStatus, AttemptState, DeliveryState

SUMMARY: dict[AlertStatus, str] = {
    AlertStatus.QUEUED: "Bleep is about to send it. No provider has it yet.",
    AlertStatus.SENT: (
        "A provider has taken it. Whether it arrived is not known. If the person says that nothing came, send it again "
        "or reach them another way."
    ),
    AlertStatus.DELIVERED: (
        "The call was picked up, by a person or by a voicemail. Nobody has confirmed that they heard it."
    ),
    AlertStatus.ACKNOWLEDGED: "It has been acknowledged.",
    AlertStatus.FAILED: (
        "Nobody is known to have been reached. Reach the person another way, or fix the problem below and send it "
        "again. Then mark it as dealt with."
    ),
    AlertStatus.CANCELLED: "It was stopped. Nobody is known to have been reached.",
    AlertStatus.WITHDRAWN: "The hospital system has withdrawn it: what it was about is over.",
}
BEING_SENT = "Bleep is sending it at this moment. Whether a provider has it is not known yet."
TRIED_AGAIN = "Bleep is about to send it. An earlier try may have arrived."
STOPPED_UNSENT = "It was stopped before it was sent."
IN_DOUBT: dict[AlertStatus, str] = {
    AlertStatus.CANCELLED: (
        "It was stopped, but the provider had not confirmed an earlier try: the person may have received it. Ask them."
    ),
    AlertStatus.FAILED: (
        "The provider did not confirm it, so it may have arrived. Ask the person. If nothing came, send it again or "
        "reach them another way. Then mark it as dealt with."
    ),
}
WITHOUT_TEXT: dict[AlertStatus, str] = {
    AlertStatus.SENT: "A provider has taken it. Whether it arrived is not known.",
    AlertStatus.FAILED: "Nobody is known to have been reached.",
}
"""For an alert whose text has expired or was erased: its state, and what staff can still do."""
IN_DOUBT_WITHOUT_TEXT = "The provider did not confirm it, so it may have arrived."
GONE = "Its text has expired or was erased, so it cannot be sent again."
ASK_THE_SENDER = "If it may still matter, ask whoever runs the hospital system for it, by its message ID."
END_IT = "Then mark it as dealt with."
CANCELLED_TOO_LATE: dict[AlertStatus, str] = {
    AlertStatus.QUEUED: "It was cancelled while it was being sent, so it may still arrive. It will not be tried again.",
    AlertStatus.SENT: (
        "It was cancelled too late: a provider has it, so the person may have received it. It will not be sent again."
    ),
}
DEALT_WITH = "Staff have marked it as dealt with."
DEALT_WITH_TOO_LATE = (
    "Staff have marked it as dealt with. It was being sent at that moment, so it may still arrive."
)


def summary(alert: Alert, delayed: Mapping[UUID, Delay] | None = None) -> str:
    """The state of the alert in words, and what staff should do. `delayed` says why deliveries wait, by key."""
    delay = held_up(alert, delayed or {})
    return f"{delay.what} {delay.next}" if delay else _summary(alert)


def held_up(alert: Alert, delayed: Mapping[UUID, Delay]) -> Delay | None:
    """Why the alert waits longer than usual; None if it does not, or if staff have ended it."""
    if alert.state != AlertState.OPEN:
        return None
    found = (delayed.get(each.pk) for each in alert.messages)
    return next((delay for delay in found if delay and delay.too_long), None)


def reached_nobody(alert: Alert) -> bool:
    """Whether it failed, or may have arrived, and staff have not ended it."""
    return alert.state == AlertState.OPEN and alert.status == AlertStatus.FAILED


def _summary(alert: Alert) -> str:
    status, deliveries = AlertStatus(alert.status), alert.messages
    states = {each.state for each in deliveries}
    if alert.state == AlertState.CLOSED:
        return DEALT_WITH_TOO_LATE if DeliveryState.SENDING in states else DEALT_WITH
    if status is AlertStatus.CANCELLED and not any(each.attempt_count for each in deliveries):
        return STOPPED_UNSENT
    in_doubt = DeliveryState.UNKNOWN in states and status in IN_DOUBT
    if alert.is_blank and alert.state == AlertState.OPEN and status in WITHOUT_TEXT:
        return _without_text(alert, status, in_doubt)
    if in_doubt:
        return IN_DOUBT[status]
    if alert.state == AlertState.CANCELLED and status in CANCELLED_TOO_LATE:
        return CANCELLED_TOO_LATE[status]
    return _queued(deliveries) if status is AlertStatus.QUEUED else SUMMARY[status]


def _without_text(alert: Alert, status: AlertStatus, in_doubt: bool) -> str:  # noqa: FBT001
    found = [IN_DOUBT_WITHOUT_TEXT if in_doubt else WITHOUT_TEXT[status], GONE]
    found += [] if alert.is_test else [ASK_THE_SENDER]
    found += [END_IT] if status is AlertStatus.FAILED else []
    return " ".join(found)


def _queued(deliveries: list[Delivery]) -> str:
    if any(each.state == DeliveryState.SENDING for each in deliveries):
        return BEING_SENT
    if any(attempt.state == AttemptState.UNKNOWN for each in deliveries for attempt in each.attempts.all()):
        return TRIED_AGAIN
    return SUMMARY[AlertStatus.QUEUED]
