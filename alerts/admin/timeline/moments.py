"""The times of an alert that lists and exports show."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from alerts.admin.timeline.asked import Asking
from alerts.models import Alert
from alerts.states import AlertState, AttemptState, DeliveryState, StaffAction
from theme.times import elapsed, full

ENDS = (StaffAction.CANCEL, StaffAction.CLOSE)


def taken_at(alert: Alert) -> datetime | None:
    """When a provider first took a message of the alert. No query if `deliveries__attempts` were prefetched."""
    attempts = (attempt for each in alert.messages for attempt in each.attempts.all())
    return _first(each.finished_at for each in attempts if each.state == AttemptState.SENT)


def picked_up_at(alert: Alert) -> datetime | None:
    """When a call was first picked up."""
    return _first(each.outcome_at for each in alert.messages if each.state == DeliveryState.DELIVERED)


def ended_at(alert: Alert) -> datetime | None:
    """When staff or the sender ended the alert. No query if `actions` were prefetched."""
    if alert.withdrawn_at:
        return alert.withdrawn_at
    if alert.state not in (AlertState.CANCELLED, AlertState.CLOSED):
        return None  # staff may have undone it
    return max((each.created_at for each in alert.actions.all() if each.action in ENDS), default=None)


def of(alert: Alert, asking: Asking | None) -> Iterator[tuple[str, str, str]]:
    """Each known time: its name, the time, and how long it was after the alert was received."""
    accepted = asking.standing.acceptance if asking else None
    found = {
        "First taken by a provider": taken_at(alert),
        "First picked up": picked_up_at(alert),
        "First answer": _first(each.at for each in asking.answers) if asking else None,
        "Accepted": accepted.at if accepted else None,
        "Withdrawn" if alert.withdrawn_at else "Ended by staff": ended_at(alert),
    }
    for name, at in found.items():
        if at:
            yield name, full(at), elapsed(alert.created_at, at)


def _first(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at), default=None)
