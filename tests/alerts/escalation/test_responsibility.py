"""Who has taken an alert on, as pages, files and the API say it."""

import pytest
from pytest_django import DjangoAssertNumQueries

from alerts.escalation import ending, responsibility
from alerts.escalation.responsibility import Responsibility
from alerts.models import Alert
from alerts.states import AlertState, EngagementState, Proof, ResponseKind, ResponsibilityState
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, current, let_time_run_out

pytestmark = pytest.mark.django_db


def of(alert: Alert) -> Responsibility:
    return responsibility.of([current(alert)])[alert.pk]


def test_nobody_is_asked_about_an_alert_without_a_plan(store: Store) -> None:
    assert of(store(Priority.HIGH).alert).state is ResponsibilityState.NONE


def test_nobody_has_it_while_somebody_is_asked(ask: Ask) -> None:
    found = of(ask())
    assert found.state is ResponsibilityState.UNDEFINED
    assert [each.clinician.contact_id for each in found.asked] == ["C-1"]


def test_who_accepted_has_it_by_their_answer(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    accepted = answer(alert, "C-2", proof=Proof.SMS)
    found = of(alert)
    assert found.state is ResponsibilityState.ACCEPTED
    assert found.holder is not None
    assert found.holder.clinician.contact_id == "C-2"
    assert found.acceptance == accepted
    assert found.asked == ()


def test_the_answer_is_the_latest_of_somebody_who_accepted_twice(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    again = answer(alert, "C-1", proof=Proof.LINK)
    assert of(alert).acceptance == again


def test_nobody_is_left_to_ask(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    let_time_run_out(alert)
    found = of(alert)
    assert found.state is ResponsibilityState.EXHAUSTED
    assert [each.state for each in found.engagements] == [EngagementState.UNDEFINED] * 2


def test_nobody_is_asked_any_more_once_the_alert_has_ended(ask: Ask) -> None:
    alert = ask()
    ending.end(alert, AlertState.CANCELLED)
    assert of(alert).state is ResponsibilityState.NONE


def test_many_cost_no_more_than_one_and_those_without_a_plan_nothing(
    ask: Ask, store: Store, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    without = [store(Priority.LOW).alert, store(Priority.MEDIUM).alert]
    asked = [current(ask()), current(store(Priority.HIGH).alert)]  # by the same plan
    with django_assert_num_queries(0):
        responsibility.of(without)
    with django_assert_num_queries(3):
        found = responsibility.of([*without, *asked])
        assert [each.clinician.name for alert in asked for each in found[alert.pk].asked]
