"""Health checks of the closed loop: steps that are late, and alerts that nobody is left to ask about."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts.escalation import ending, steps
from alerts.models import Alert, Loop
from alerts.monitoring import checks
from alerts.states import AlertState
from tests.alerts.escalation.factories import Ask, answer, let_time_run_out
from tests.alerts.monitoring.findings import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_relay")]

SECOND = timedelta(seconds=1)


def test_a_step_that_nobody_took_up_for_a_minute_is_found(ask: Ask) -> None:
    ask()
    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN + timedelta(seconds=20))
    assert wrong() == []

    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN - SECOND)
    assert wrong() == ["late_step_seconds"]

    steps.take_up_due()
    assert wrong() == []


def test_a_loop_that_was_left_open_after_its_alert_ended_is_found(ask: Ask) -> None:
    ask()
    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN - SECOND)

    Alert.objects.update(state=AlertState.CANCELLED)

    assert wrong() == ["late_step_seconds"]


def exhausted(ask: Ask) -> Alert:
    alert = ask()
    for _ in range(2):
        let_time_run_out(alert)
    return alert


def test_an_alert_about_which_nobody_is_left_to_ask_is_found(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    assert wrong() == []

    let_time_run_out(alert)
    assert wrong() == ["exhausted_alerts"]


def test_it_is_found_until_somebody_accepts_it(ask: Ask) -> None:
    alert = exhausted(ask)

    answer(alert, "C-1")

    assert wrong() == []


def test_it_is_found_until_it_is_ended(ask: Ask) -> None:
    alert = exhausted(ask)

    ending.end(alert, AlertState.CLOSED)

    assert wrong() == []
