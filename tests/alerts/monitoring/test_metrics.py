"""The metrics: the same from any process, and nothing about a person."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from alerts.models import Alert, RefusalReason, RelayHeartbeat
from alerts.monitoring import checks, metrics, report
from contacts.choices import Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, let_time_run_out, take
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def samples_now() -> dict[tuple[str, ...], float]:
    """Every sample, by its name and its labels' values."""
    report.recent.forget()
    families = text_string_to_metric_families(metrics.exposition().decode())
    return {
        (each.name, *map(str, each.labels.values())): each.value
        for family in families
        for each in family.samples
    }


def test_it_reports_how_long_each_priority_waits(store: Store) -> None:
    store(Priority.MEDIUM, available_at=Now() - timedelta(seconds=100))

    samples = samples_now()

    assert 100 <= samples["bleep_oldest_due_seconds", "M"] < 160
    assert samples["bleep_oldest_due_seconds", "H"] == samples["bleep_oldest_due_seconds", "L"] == 0


def test_it_reports_deliveries_and_failures(store: Store) -> None:
    store(Priority.HIGH)
    store(Priority.MEDIUM, state="failed", reason="refused", finished_at=Now())

    samples = samples_now()

    assert samples["bleep_deliveries", "call", "pending"] == 1
    assert samples["bleep_deliveries", "sms", "failed"] == 1
    assert samples["bleep_unreviewed_failures",] == 1


def test_it_reports_how_the_asking_stands(ask: Ask, store: Store) -> None:
    alert = ask()
    Alert.objects.filter(pk=alert.pk).update(created_at=Now() - timedelta(seconds=300))
    store(Priority.HIGH)  # by the same plan
    store(Priority.MEDIUM)

    samples = samples_now()
    assert [samples["bleep_open_loops", each] for each in "HML"] == [2, 0, 0]
    assert 300 <= samples["bleep_unanswered_seconds", "H"] < 360
    assert samples["bleep_unanswered_seconds", "M"] == samples["bleep_exhausted_alerts", "H"] == 0

    for _ in range(2):
        let_time_run_out(alert)
    samples = samples_now()
    assert (samples["bleep_open_loops", "H"], samples["bleep_exhausted_alerts", "H"]) == (1, 1)
    assert samples["bleep_unanswered_seconds", "H"] >= 300

    answer(alert, "C-2")
    samples = samples_now()
    assert (samples["bleep_open_loops", "H"], samples["bleep_exhausted_alerts", "H"]) == (1, 0)
    assert samples["bleep_unanswered_seconds", "H"] < 300


def test_it_counts_notices_apart_from_deliveries(ask: Ask) -> None:
    alert = ask()
    take(alert.deliveries.get())
    let_time_run_out(alert)
    answer(alert, "C-2")  # so C-1 is told, by SMS, that somebody else has it

    samples = samples_now()

    assert samples["bleep_notices", "sms", "pending"] == 1
    assert sorted(key[1:] for key in samples if key[0] == "bleep_deliveries") == [
        ("call", "cancelled"),
        ("call", "sent"),
    ]


def test_it_reports_refused_requests_by_reason(sender: Sender, clinician: Clinician) -> None:
    for _ in range(2):
        sender.post(an_alert(contact_id="C-404"))

    samples = samples_now()

    refused = {key[1]: value for key, value in samples.items() if key[0] == "bleep_refused_alerts"}
    assert set(refused) == set(RefusalReason.values)
    assert refused["unknown_contact"] == sum(refused.values()) == 2


def test_it_reports_every_finding_and_whether_it_is_within_its_limit() -> None:
    RelayHeartbeat.objects.create(relay="ward:1")
    before = samples_now()
    RelayHeartbeat.objects.all().delete()
    after = samples_now()

    names = {finding.name for finding in report.findings()}
    assert {key[1] for key in after if key[0] == "bleep_check"} == names
    assert all(before["bleep_check_ok", name] == 1 for name in names)
    assert (after["bleep_check", "relays_silent"], after["bleep_check_ok", "relays_silent"]) == (1, 0)


def test_nothing_about_a_person_is_in_it(store: Store) -> None:
    deliveries = [store(priority) for priority in Priority]

    written = metrics.exposition().decode()

    alert = Alert.objects.latest("pk")
    for private in (alert.message_id, alert.patient_id, alert.description, "C-1", "7700", "@"):
        assert private not in written
    assert not any(str(delivery.pk) in written for delivery in deliveries)


def test_how_long_deliveries_wait_is_asked_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Mock(wraps=checks.waiting_seconds)
    monkeypatch.setattr(checks, "waiting_seconds", ask)

    metrics.exposition()

    assert ask.call_count == 1


def test_it_costs_as_many_queries_with_much_in_the_ledger_as_with_little(store: Store) -> None:
    def cost() -> int:
        report.recent.forget()
        with CaptureQueriesContext(connection) as captured:
            metrics.exposition()
        return len(captured)

    RelayHeartbeat.objects.create(relay="ward")
    few = cost()
    for number in range(30):
        store(list(Priority)[number % 3])
        RelayHeartbeat.objects.create(relay=f"ward:{number}")

    assert cost() == few <= 11
