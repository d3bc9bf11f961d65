"""Who is asked, in which order, and when the next is."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from pytest_django import DjangoAssertNumQueries

from alerts import intake
from alerts.deliveries import outcomes
from alerts.escalation import asking, clock_correction, ending, steps
from alerts.models import Alert, Delivery, Engagement, Loop
from alerts.states import (
    AlertState,
    AlertStatus,
    DeliveryState,
    Effect,
    LoopOutcome,
    Proof,
    Reason,
    ResponseKind,
    Why,
)
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from contacts.routing import route
from oncall.models import Plan, PlanStep
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    current,
    let_time_run_out,
    refuse,
    refuse_all,
    take,
    waiting,
)
from tests.factories import an_alert
from tests.oncall.factories import MINUTE, cover, make_colleague, make_plan

pytestmark = pytest.mark.django_db


def test_the_addressed_person_is_asked_first_then_the_next(ask: Ask) -> None:
    alert = ask()
    assert asked(alert) == [("C-1", "asked")]
    assert waiting(alert) == [("C-1", "call")]
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "asked")]
    assert waiting(alert) == [("C-1", "call"), ("C-2", "call")]


def test_nobody_is_asked_before_the_time_is_over(ask: Ask) -> None:
    alert = ask()
    assert steps.take_up_due() == 0
    assert asked(alert) == [("C-1", "asked")]


def test_the_clock_runs_although_nothing_was_sent(ask: Ask) -> None:
    alert = ask()
    assert Delivery.objects.get(alert=alert).attempt_count == 0
    let_time_run_out(alert)
    assert asked(alert)[-1] == ("C-2", "asked")


def test_the_next_person_s_step_leaves_the_first_one_s_channels_alone(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    refuse(Delivery.objects.get(alert=alert, clinician__contact_id="C-1"))
    assert ("C-1", "sms") in waiting(alert)
    assert ("C-2", "call") in waiting(alert)


def test_nobody_is_left_to_ask(ask: Ask, caplog: Any) -> None:
    alert = ask()
    let_time_run_out(alert)
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "undefined")]
    loop = Loop.objects.get(alert=alert)
    assert (loop.outcome, loop.due_at) == (LoopOutcome.EXHAUSTED, None)
    assert current(alert).state == AlertState.OPEN, "no machine closes an alert"


def test_nobody_is_given_up_while_their_time_runs(ask: Ask, clinician: Clinician) -> None:
    """Staff ask somebody beside who is asked already, and for a shorter time."""
    alert = ask(None, wait=10 * MINUTE)
    third = asking.Asked(make_colleague("C-3"), route(clinician, Priority.HIGH), Why.STAFF)
    asking.ask(alert, third, wait=MINUTE)
    Engagement.objects.filter(number=2).update(due_at=Now())
    Loop.objects.update(due_at=Now())
    steps.take_up_due()
    assert asked(alert) == [("C-1", "asked"), ("C-3", "undefined")]
    loop = Loop.objects.get(alert=alert)
    assert loop.is_open
    assert loop.due_at == Engagement.objects.get(number=1).due_at
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-3", "undefined")]
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.EXHAUSTED


def test_an_exhausted_alert_can_still_be_accepted(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    let_time_run_out(alert)
    answer(alert, "C-1")
    assert asked(alert)[0] == ("C-1", "accepted")
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.ACCEPTED


def test_who_cannot_be_reached_is_not_waited_for(ask: Ask) -> None:
    alert = ask()
    refuse_all(alert)
    assert asked(alert) == [("C-1", "unreachable")]
    steps.take_up_due()
    assert asked(alert) == [("C-1", "unreachable"), ("C-2", "asked")]
    assert current(alert).status == AlertStatus.QUEUED
    assert not current(alert).failed


def test_an_alert_fails_once_nobody_can_be_reached(ask: Ask) -> None:
    alert = ask()
    refuse_all(alert)
    assert not current(alert).failed, "the next may be reached"
    assert current(alert).status == AlertStatus.QUEUED
    steps.take_up_due()
    refuse_all(alert)
    steps.take_up_due()
    assert asked(alert) == [("C-1", "unreachable"), ("C-2", "unreachable")]
    assert current(alert).failed
    assert current(alert).status == AlertStatus.FAILED


def test_an_alert_that_somebody_declined_is_not_cancelled_by_that(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert current(alert).status == AlertStatus.QUEUED
    steps.take_up_due()
    refuse_all(alert)
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "unreachable")]
    assert current(alert).failed
    assert current(alert).status == AlertStatus.FAILED


def test_who_got_one_message_is_waited_for(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    assert steps.take_up_due() == 0
    assert asked(alert) == [("C-1", "asked")]


def test_who_is_inactive_or_has_no_channel_is_passed_over(ask: Ask, clinician: Clinician) -> None:
    inactive = make_colleague("C-3", active=False)
    silent = make_colleague("C-4")
    Clinician.objects.filter(pk=silent.pk).update(call_number="", sms_number="")
    alert = ask(None, inactive, silent, make_colleague("C-5"))
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-5", "asked")]


def test_the_first_who_can_be_reached_is_asked_at_once(ask: Ask, clinician: Clinician) -> None:
    Clinician.objects.filter(pk=clinician.pk).update(call_number="", sms_number="", email="")
    alert = ask()
    assert asked(alert) == [("C-2", "asked")]


def test_nothing_is_taken_if_nobody_of_the_plan_can_be_reached(ask: Ask, clinician: Clinician) -> None:
    Clinician.objects.update(call_number="", sms_number="", email="")
    with pytest.raises(intake.Unreachable):
        ask()
    assert not Alert.objects.exists()


def test_a_colleague_is_asked_in_place_of_who_is_away(
    ask: Ask, clinician: Clinician, colleague: Clinician
) -> None:
    covering = make_colleague("C-3")
    cover(clinician, covering)
    alert = ask()
    assert asked(alert) == [("C-3", "asked")]
    assert Engagement.objects.get(alert=alert).why == Why.COVER
    assert waiting(alert) == [("C-3", "call")]


def test_a_cover_that_begins_meanwhile_counts_for_the_steps_to_come(ask: Ask, colleague: Clinician) -> None:
    alert = ask()
    cover(colleague, make_colleague("C-3"))
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-3", "asked")]


def test_the_plan_is_kept_as_it_was(ask: Ask, colleague: Clinician) -> None:
    alert = ask()
    PlanStep.objects.all().delete()
    Plan.objects.update(active=False)
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-2", "asked")]


def test_a_person_who_no_longer_exists_is_passed_over(ask: Ask, colleague: Clinician) -> None:
    alert = ask(None, colleague, make_colleague("C-3"))
    PlanStep.objects.all().delete()
    colleague.delete()
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-3", "asked")]


def test_the_same_person_can_be_asked_again(ask: Ask, clinician: Clinician) -> None:
    alert = ask(None, None)
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "undefined"), ("C-1", "asked")]
    assert Delivery.objects.filter(alert=alert).count() == 2


def test_who_declined_is_not_asked_again(ask: Ask, clinician: Clinician, colleague: Clinician) -> None:
    alert = ask(None, clinician, colleague)
    answer(alert, "C-1", ResponseKind.DECLINE)
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_an_ended_alert_asks_nobody(ask: Ask) -> None:
    alert = ask()
    Alert.objects.filter(pk=alert.pk).update(state=AlertState.CANCELLED)
    let_time_run_out(alert)
    assert asked(alert) == [("C-1", "withdrawn")]
    assert not Loop.objects.get(alert=alert).is_open


@pytest.mark.parametrize("accepted", [False, True])
@pytest.mark.parametrize("state", [AlertState.CANCELLED, AlertState.CLOSED, AlertState.WITHDRAWN])
def test_nobody_hears_again_of_an_alert_that_ended_months_ago(
    ask: Ask, state: AlertState, accepted: bool
) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    if accepted:
        answer(alert, "C-2")
    ending.end(Alert.objects.get(pk=alert.pk), state, even_if_acknowledged=True)
    for sent in Delivery.objects.filter(alert=alert, state=DeliveryState.PENDING):
        take(sent)
    months = timedelta(days=200)
    Loop.objects.update(ended_at=F("ended_at") - months, created_at=F("created_at") - months)
    Engagement.objects.update(asked_at=F("asked_at") - months, due_at=F("due_at") - months)
    Delivery.objects.update(created_at=F("created_at") - months, finished_at=F("finished_at") - months)
    before = set(Delivery.objects.values_list("pk", flat=True))
    for contact_id, kind in product(("C-1", "C-2"), ResponseKind):
        assert answer(alert, contact_id, kind, proof=Proof.LINK).effect == Effect.TOO_LATE
    outcomes.mark_undelivered(Delivery.objects.filter(notice="").earliest("created_at").pk, Reason.BUSY)
    assert (steps.take_up_due(), clock_correction.correct()) == (0, 0)
    assert current(alert).state == state
    assert set(Delivery.objects.values_list("pk", flat=True)) == before
    assert not Delivery.objects.filter(state=DeliveryState.PENDING).exists()


def test_nobody_is_waited_for_without_an_end(ask: Ask) -> None:
    alert = ask()
    with pytest.raises(IntegrityError, match="loop_is_due_until_it_ends"), transaction.atomic():
        Loop.objects.filter(alert=alert).update(due_at=None)


def test_a_step_is_taken_up_once(ask: Ask) -> None:
    alert = ask()
    Loop.objects.update(due_at=Now() - timedelta(seconds=1))
    assert [steps.take_up_due(), steps.take_up_due()] == [1, 0]
    assert len(asked(alert)) == 2


def test_many_steps_cost_no_more_statements_than_one(
    ask: Ask, colleague: Clinician, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    """One who is away or inactive costs another look, and not one for each alert."""
    for asks in (1, 12):
        alerts = [ask() for _ in range(asks)]
        Loop.objects.filter(ended_at=None).update(due_at=Now() - timedelta(seconds=1))
        with django_assert_max_num_queries(18):
            assert steps.take_up_due() == asks
        assert {asked(alert)[-1] for alert in alerts} == {("C-2", "asked")}
        Loop.objects.update(ended_at=Now(), due_at=None, outcome=LoopOutcome.ENDED)


def test_one_step_that_cannot_be_taken_up_does_not_stop_the_others(ask: Ask, lab: ApiClient) -> None:
    broken = ask()
    Loop.objects.update(plan={"nonsense": True}, due_at=Now() - 2 * MINUTE)
    new = intake.NewAlert(**{**an_alert(message_id="second"), "priority": Priority.HIGH})
    second = intake.accept(client=lab, new=new).alert
    let_time_run_out(second)
    assert asked(second)[-1] == ("C-2", "asked")
    assert asked(broken) == [("C-1", "asked")]


def test_an_alert_without_a_plan_has_no_loop(lab: ApiClient, clinician: Clinician) -> None:
    make_plan(None, priority=Priority.LOW)
    new = intake.NewAlert(**{**an_alert(), "priority": Priority.HIGH})
    alert = intake.accept(client=lab, new=new).alert
    assert not alert.has_loop
    assert not Engagement.objects.exists()
    assert Delivery.objects.get(alert=alert).state == DeliveryState.PENDING
