"""The demo's clinicians and plan."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from contacts.choices import Priority
from contacts.models import Clinician
from oncall import plans
from oncall.models import Plan, Target
from sandbox.management.commands.load_demo import PLAN

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _local(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.LOCAL_MODE = True
    monkeypatch.delenv("DEMO_WAIT_SECONDS", raising=False)


def waits() -> list[timedelta]:
    return [step.wait for step in Plan.objects.get(name=PLAN).steps.all()]


def test_high_for_c_1_wants_an_answer_and_then_c_2_is_asked() -> None:
    call_command("load_demo")

    first, second = Clinician.objects.order_by("contact_id")
    plan = plans.plan_for(first, Priority.HIGH)
    assert plan is not None
    assert [(step.target, step.clinician_id) for step in plan.steps] == [
        (Target.ADDRESSED, None),
        (Target.NAMED, second.pk),
    ]
    assert waits() == [timedelta(minutes=2)] * 2
    assert plans.plan_for(second, Priority.HIGH) is plans.plan_for(first, Priority.LOW) is None
    assert {first.call_number, first.sms_number}.isdisjoint({second.call_number, second.sms_number})


def test_an_sms_or_an_email_to_c_2_wants_an_answer() -> None:
    call_command("load_demo")

    first, second = Clinician.objects.order_by("contact_id")
    medium, low = (plans.plan_for(second, each) for each in (Priority.MEDIUM, Priority.LOW))
    assert medium is not None
    assert medium == low
    assert [step.clinician_id for step in medium.steps] == [None, first.pk]


def test_the_variable_sets_the_wait_even_of_a_plan_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    call_command("load_demo")
    monkeypatch.setenv("DEMO_WAIT_SECONDS", "15")

    call_command("load_demo")

    assert waits() == [timedelta(seconds=15)] * 2


def test_a_changed_plan_stays_as_it_is() -> None:
    call_command("load_demo")
    plans.write(Plan.objects.get(name=PLAN), [], [])

    call_command("load_demo")

    assert waits() == []


@pytest.mark.parametrize("wait", ["4", "soon", "86401"])
def test_a_wait_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    monkeypatch.setenv("DEMO_WAIT_SECONDS", wait)

    with pytest.raises(CommandError, match="whole number from 5 to 86400"):
        call_command("load_demo")
