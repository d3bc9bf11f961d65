"""The watchdog itself must work: nothing else would report that it does not."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts.models import Delivery
from alerts.monitoring import checks, metrics, report
from contacts.choices import Priority
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def test_the_watchdog_measures_how_long_the_oldest_of_each_priority_waits(
    sender: Sender, clinician: Clinician
) -> None:
    for message_id in ("older", "newer"):
        assert sender.post(an_alert(message_id=message_id, priority="H")).status_code == 202
    Delivery.objects.filter(alert__message_id="older").update(available_at=Now() - timedelta(minutes=2))

    waiting = checks.waiting_seconds()

    assert 120 <= waiting[Priority.HIGH] < 180
    assert (waiting[Priority.MEDIUM], waiting[Priority.LOW]) == (0.0, 0.0)
    late = [finding.name for finding in report.findings() if not finding.ok]
    assert late == ["oldest_due_seconds_high", "relays_silent"]


def test_every_finding_and_every_metric_can_be_read(sender: Sender, clinician: Clinician) -> None:
    sender.post(an_alert(priority="H"))

    names = {finding.name for finding in report.findings()}

    written = metrics.exposition().decode()
    assert all(f'bleep_check{{finding="{name}"}}' in written for name in names)
    assert 'bleep_deliveries{channel="call",state="pending"} 1.0' in written
