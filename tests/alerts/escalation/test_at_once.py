"""What happens in the same instant: two relays at one step, and somebody who has an alert while a relay looks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from alerts.escalation import steps
from alerts.models import Alert, Engagement, Loop
from contacts.models import Clinician
from tests.alerts.escalation.factories import Ask, asked
from tests.oncall.factories import make_colleague

pytestmark = pytest.mark.django_db(transaction=True)


def let_it_be_due(alert: Alert) -> None:
    past = Now() - timedelta(seconds=1)
    Engagement.objects.filter(alert=alert).update(due_at=past)
    Loop.objects.filter(alert=alert).update(due_at=past)


def another_relay() -> int:
    """How many steps it takes up, in a session of its own."""

    def look() -> int:
        try:
            return steps.take_up_due()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(look).result(timeout=20)


def before_the_first_lock(act: Callable[[], object]) -> Callable[..., Any]:
    """For `execute_wrapper`: do it once a relay knows what is due, and has not locked it yet."""
    left = [act]

    def execute(statement: Callable[..., Any], sql: str, *given: Any) -> Any:
        if "SKIP LOCKED" in sql and left:
            left.pop()()
        return statement(sql, *given)

    return execute


def test_of_two_relays_that_found_a_step_due_one_takes_it_up(ask: Ask, colleague: Clinician) -> None:
    third = make_colleague("C-3", sms_number="+447700900302", call_number="+447700900303")
    alert = ask(None, colleague, third)
    let_it_be_due(alert)
    with connection.execute_wrapper(before_the_first_lock(another_relay)):
        assert steps.take_up_due() == 0
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "asked")]


def test_nobody_is_asked_while_an_answer_or_an_end_is_being_recorded(ask: Ask) -> None:
    alert = ask()
    let_it_be_due(alert)
    with transaction.atomic():
        Alert.objects.select_for_update(no_key=True).get(pk=alert.pk)
        assert another_relay() == 0
    assert asked(alert) == [("C-1", "asked")]
    assert another_relay() == 1
