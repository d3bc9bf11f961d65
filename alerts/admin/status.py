"""How the list and the page of an alert show its status."""

from alerts.models import Alert
from alerts.states import AlertState, AlertStatus

COLOURS = {
    AlertStatus.QUEUED.label: "info",
    AlertStatus.SENT.label: "success",
    AlertStatus.DELIVERED.label: "success",
    AlertStatus.ACKNOWLEDGED.label: "success",
    AlertStatus.FAILED.label: "danger",
    AlertStatus.CANCELLED.label: "warning",
}
"""unfold's label for each status. Others, such as "Failed, dealt with", are grey."""


def status_in_words(alert: Alert) -> str:
    """The status that the API reports, and whether staff have dealt with the alert."""
    status = str(AlertStatus(alert.status).label)
    return f"{status}, dealt with" if alert.state == AlertState.CLOSED else status
