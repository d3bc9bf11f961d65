"""The tab of a clinician's page that lists their recent alerts."""

from typing import Any

from alerts import responsibility, wording
from alerts.admin.permissions import visible_to
from alerts.admin.status import badge, responsibility_badge
from alerts.models import Alert
from alerts.responsibility import Responsibility
from theme.tabs import TemplateTab
from theme.times import moment

SHOWN = 20


class AlertsTab(TemplateTab):
    """The clinician's latest alerts, including channel tests."""

    title = "Recent alerts"
    model = Alert
    model_name = "alerts"
    template = "staff/clinician/alerts.html"

    def context(self) -> dict[str, Any]:
        """The latest alerts, newest first. Two queries."""
        alerts = visible_to(self.request.user).with_status().filter(clinician_id=self.object_id)
        alerts = alerts.select_related("client").prefetch_related("deliveries")[:SHOWN]
        standing = responsibility.of(alerts)
        return {"alerts": [_row(alert, standing[alert.pk]) for alert in alerts], "most": SHOWN}


def _row(alert: Any, standing: Responsibility) -> dict[str, Any]:
    """`alert` has a `status` from `with_status()`."""
    return {
        "alert": alert,
        "subject": wording.subject(alert.type),
        "badge": badge(alert),
        "taken_on": responsibility_badge(alert, standing),
        "received": moment(alert.created_at),
        "channels": ", ".join(
            f"{each.get_channel_display()}: {each.get_state_display()}" for each in alert.messages
        ),
    }
