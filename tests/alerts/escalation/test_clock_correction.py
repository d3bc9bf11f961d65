"""The database's clock was set back: nobody is waited for any longer."""

from datetime import timedelta

import pytest
from django.db.models import F

from alerts.escalation import clock_correction, steps
from alerts.models import Engagement, Loop
from alerts.states import ResponseKind
from tests.alerts.escalation.factories import Ask, answer, asked
from tests.oncall.factories import MINUTE

pytestmark = pytest.mark.django_db


def set_back(by: timedelta) -> None:
    """To the code it is the same whether the clock goes back or the rows go ahead."""
    Loop.objects.update(due_at=F("due_at") + by)
    Engagement.objects.update(asked_at=F("asked_at") + by, due_at=F("due_at") + by)


def test_a_wait_lasts_as_long_as_the_plan_says(ask: Ask) -> None:
    alert = ask(wait=2 * MINUTE)
    set_back(10 * MINUTE)
    assert clock_correction.correct() == 1
    loop, engagement = Loop.objects.get(alert=alert), Engagement.objects.get(alert=alert)
    assert loop.due_at == engagement.due_at == engagement.asked_at + 2 * MINUTE
    assert clock_correction.correct() == 0


def test_the_next_is_asked_at_once_after_a_refusal(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1", ResponseKind.DECLINE)
    set_back(10 * MINUTE)
    assert steps.take_up_due() == 0
    clock_correction.correct()
    assert steps.take_up_due() == 1
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_long_wait_is_left_alone(ask: Ask) -> None:
    ask(wait=600 * MINUTE)
    assert clock_correction.correct() == 0
