"""How the list and the page of an alert show the status of the alert and of each delivery."""

from alerts import labels
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Delivery, Engagement
from alerts.states import AlertState, AlertStatus, DeliveryState, EngagementState
from contacts.choices import Priority
from theme.badges import Badge

DEALT_WITH = "over"
STATUS: dict[AlertStatus, Badge] = {
    AlertStatus.QUEUED: Badge(str(AlertStatus.QUEUED.label), "waiting", "schedule"),
    AlertStatus.SENT: Badge(str(AlertStatus.SENT.label), "sent", "send"),
    AlertStatus.DELIVERED: Badge(str(AlertStatus.DELIVERED.label), "reached", "phone_in_talk"),
    AlertStatus.ACKNOWLEDGED: Badge(str(AlertStatus.ACKNOWLEDGED.label), "reached", "how_to_reg"),
    AlertStatus.FAILED: Badge(str(AlertStatus.FAILED.label), "failed", "error"),
    AlertStatus.CANCELLED: Badge(str(AlertStatus.CANCELLED.label), "over", "block"),
    AlertStatus.WITHDRAWN: Badge(str(AlertStatus.WITHDRAWN.label), "over", "undo"),
}
DOUBT: dict[AlertStatus, Badge] = {
    AlertStatus.FAILED: Badge(labels.IN_DOUBT, "doubt", "help"),
    AlertStatus.CANCELLED: Badge("Cancelled, may have arrived", "doubt", "help"),
}
DELIVERY: dict[DeliveryState, tuple[str, str]] = {
    DeliveryState.PENDING: ("waiting", "schedule"),
    DeliveryState.SENDING: ("waiting", "sync"),
    DeliveryState.SENT: ("sent", "send"),
    DeliveryState.DELIVERED: ("reached", "phone_in_talk"),
    DeliveryState.UNDELIVERED: ("failed", "phone_missed"),
    DeliveryState.FAILED: ("failed", "error"),
    DeliveryState.UNKNOWN: ("doubt", "help"),
    DeliveryState.CANCELLED: ("over", "block"),
}
"""Tone and icon."""

ENGAGEMENT: dict[EngagementState, tuple[str, str]] = {
    EngagementState.ASKED: ("waiting", "hourglass_top"),
    EngagementState.ACCEPTED: ("reached", "how_to_reg"),
    EngagementState.DECLINED: ("doubt", "person_cancel"),
    EngagementState.UNDEFINED: ("doubt", "hourglass_disabled"),
    EngagementState.UNREACHABLE: ("failed", "phone_disabled"),
    EngagementState.WITHDRAWN: ("over", "block"),
}
"""Tone and icon."""
NOBODY_YET = Badge("Nobody has it yet", "waiting", "hourglass_top")
NOBODY_LEFT = Badge("Nobody is left", "failed", "person_off")

HIGH = Badge(str(Priority.HIGH.label), "high", "priority_high")
HELD_UP = Badge("Queued, held up", "doubt", "hourglass_disabled")


def badge(alert: Alert, *, held_up: bool = False) -> Badge:
    """The status that the API reports, with more for staff: whether an answer was lost, whether the alert is delayed
    (see `alerts.sending.delays`), and whether staff have dealt with it. No query if `deliveries` were prefetched.
    """
    status = AlertStatus(alert.status)
    found = STATUS[status]
    if status in DOUBT and any(each.state == DeliveryState.UNKNOWN for each in alert.messages):
        found = DOUBT[status]
    if held_up and status is AlertStatus.QUEUED:
        found = HELD_UP
    if alert.state == AlertState.CLOSED:
        return Badge(f"{found.text}, dealt with", DEALT_WITH, "task_alt")
    return found


def responsibility_badge(alert: Alert, found: Responsibility) -> Badge | None:
    """The badge of who has taken it on. None if nobody was asked, or if it ended without an answer."""
    if found.holder:
        return Badge(f"Accepted by {found.holder.clinician.name}", "reached", "how_to_reg")
    if found.loop is None or alert.state != AlertState.OPEN:
        return None
    return NOBODY_YET if found.loop.is_open else NOBODY_LEFT


def engagement_badge(engagement: Engagement) -> Badge:
    """The badge of an engagement: how asking this person went."""
    state = EngagementState(engagement.state)
    return Badge(str(state.label), *ENGAGEMENT[state])


def delivery_badge(delivery: Delivery) -> Badge:
    """The badge of a delivery's state."""
    state = DeliveryState(delivery.state)
    return Badge(str(state.label), *DELIVERY[state])
