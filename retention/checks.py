"""The health check of expiry."""

from datetime import timedelta

from alerts.monitoring.findings import Finding, with_age
from retention.models import Expiry

WITHIN = timedelta(hours=48)
"""A relay lets data expire once a day."""


def overdue() -> list[Finding]:
    """Whether expiry is done in time. One query."""
    state = with_age(Expiry.objects.filter(pk=1), "ended_at").first()
    return [
        Finding(
            "expiry_overdue_seconds",
            state.since.total_seconds() if state else 0,
            WITHIN.total_seconds(),
            "Data whose time is over is still there: no relay has come to the end of expiry for two days. Run "
            "`manage.py expire`, and check the relays' logs for `periodic.failed`.",
        )
    ]
