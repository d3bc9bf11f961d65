"""`/readyz` shows the watchdog's findings as warnings, and stays ready: alerts are still accepted."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import intake
from alerts.models import Delivery, RelayHeartbeat
from alerts.monitoring import checks, report
from alerts.monitoring.findings import Finding
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from tests.factories import an_alert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_relay(db: None) -> None:
    """A relay has just reported."""
    RelayHeartbeat.objects.create(relay="ward:1")


def ready(client: Client) -> tuple[int, list[str]]:
    """The status and the warnings of the probe."""
    answer: Any = client.get("/readyz")
    return answer.status_code, answer.json()["warnings"]


def test_without_findings_there_is_no_warning(client: Client) -> None:
    assert ready(client) == (200, [])


def test_a_finding_is_a_sentence_and_alerts_are_still_accepted(
    client: Client, lab: ApiClient, clinician: Clinician
) -> None:
    intake.accept(client=lab, new=intake.NewAlert(**{**an_alert(), "priority": Priority.HIGH}))
    Delivery.objects.update(available_at=Now() - timedelta(minutes=2), handed_over_at=Now())
    RelayHeartbeat.objects.update(sent_itself_at=Now())

    status, warnings = ready(client)

    assert status == 200
    assert warnings == [finding.sentence for finding in report.findings() if not finding.ok]
    assert len(warnings) == 2


def test_the_relay_is_checked_each_time_though_the_report_is_cached(client: Client) -> None:
    assert ready(client) == (200, [])
    RelayHeartbeat.objects.all().delete()

    assert ready(client)[0] == 503


def test_the_checks_do_not_run_for_every_request(client: Client) -> None:
    ready(client)

    with CaptureQueriesContext(connection) as captured:
        ready(client)

    assert not [query for query in captured if 'FROM "alerts_delivery"' in query["sql"]]


def test_a_check_that_fails_to_run_is_a_warning_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "CHECKS", (lambda: dict[str, list[Finding]]()["broken"],))

    assert ready(client) == (200, ["The health checks themselves are broken: the log says where."])
