"""The tab of a clinician's page that lists their recent alerts."""

from typing import Any

from django.db.models import Q

from alerts import wording
from alerts.admin.permissions import visible_to
from alerts.admin.status import badge, responsibility_badge
from alerts.escalation import responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert, Engagement
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
        """The latest alerts for them, or that they were asked to take on, newest first."""
        asked = Engagement.objects.filter(clinician_id=self.object_id).order_by("-alert")
        keys = list(asked.values_list("alert", flat=True)[:SHOWN])
        theirs = Q(clinician_id=self.object_id)
        alerts = (
            visible_to(self.request.user).with_status().filter(theirs | Q(pk__in=keys) if keys else theirs)
        )
        alerts = alerts.select_related("client", "clinician").prefetch_related("deliveries")[:SHOWN]
        standing = responsibility.of(alerts)
        return {
            "alerts": [_row(alert, standing[alert.pk], self.object_id) for alert in alerts],
            "most": SHOWN,
        }


def _row(alert: Any, standing: Responsibility, shown_for: Any) -> dict[str, Any]:
    """A line of the tab. `alert` has a `status` from `with_status()`."""
    return {
        "alert": alert,
        "subject": wording.subject(alert.type),
        "badge": badge(alert),
        "meant_for": "" if str(alert.clinician_id) == str(shown_for) else alert.clinician.name,
        "taken_on": responsibility_badge(alert, standing),
        "received": moment(alert.created_at),
        "channels": ", ".join(
            f"{each.get_channel_display()}: {each.get_state_display()}" for each in alert.messages
        ),
    }
