"""A relay lets data expire once a day, and a finding says so if none does."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from pytest_django import Settings

from alerts.models import Alert
from alerts.monitoring import report
from alerts.relay.loop import Relay
from contacts.masking import EXPIRED
from retention import nightly, run
from retention.models import Expiry
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_runs_once_after_the_hour(alert: Alert, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[bool] = []
    work = run.run

    def noted(*, stopping: Callable[[], bool]) -> None:
        runs.append(True)
        work(stopping=stopping)

    monkeypatch.setattr(run, "run", noted)

    nightly.run_if_due()
    assert not Alert.objects.filter(description=EXPIRED).exists(), "it was installed just now"
    Expiry.objects.update(ended_at=Now() - timedelta(hours=25))
    nightly.run_if_due()
    nightly.run_if_due()

    assert len(runs) == 1
    assert Alert.objects.filter(description=EXPIRED).exists()


def test_a_relay_runs_expiry(alert: Alert) -> None:
    Expiry.objects.create(pk=1, ended_at=timezone.now() - timedelta(hours=25))
    relay = Relay()

    relay.tick()
    wait_until(Alert.objects.filter(description=EXPIRED).exists, what="the text is gone")
    relay.close()


def test_a_relay_that_is_stopped_ends_after_a_batch(alert: Alert) -> None:
    Expiry.objects.create(pk=1, ended_at=timezone.now() - timedelta(hours=25))

    nightly.run_if_due(lambda: True)

    assert Alert.objects.filter(description=EXPIRED).exists()
    assert Expiry.objects.get().ended_at < timezone.now() - timedelta(hours=24), "so another one goes on"


@pytest.mark.parametrize(("hour", "expected"), [(3, "29T03"), (12, "29T12"), (13, "28T13")])
def test_the_hour_is_that_of_the_setting(hour: int, expected: str, settings: Settings) -> None:
    settings.EXPIRE_AT_HOUR = hour
    now = datetime(2026, 11, 29, 12, 30, tzinfo=timezone.get_current_timezone())

    assert nightly.last_hour(now).isoformat().startswith(f"2026-11-{expected}:00")


def test_a_finding_says_that_nobody_does_it(db: None) -> None:
    def wrong() -> list[str]:
        return [each.sentence for each in report.findings() if each.name.startswith("expiry") and not each.ok]

    assert wrong() == []
    Expiry.objects.create(pk=1, ended_at=Now() - timedelta(hours=47))
    assert wrong() == []
    Expiry.objects.update(ended_at=Now() - timedelta(hours=49))
    assert "Run `manage.py expire`" in wrong()[0]
