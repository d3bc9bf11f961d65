"""Handing an alert back: somebody who had accepted cannot after all."""

from datetime import timedelta

import pytest

from alerts.deliveries import lifecycle
from alerts.deliveries.retry import Retry
from alerts.escalation import steps
from alerts.models import Delivery, Loop
from alerts.states import (
    AlertState,
    DeliveryState,
    Effect,
    LoopOutcome,
    ResponseKind,
)
from contacts.models import Clinician
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    current,
    let_time_run_out,
    notices,
    take,
)
from tests.alerts.factories import THROTTLED, claim
from tests.oncall.factories import make_colleague

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", [ResponseKind.HAND_BACK, ResponseKind.DECLINE])
def test_handing_back_asks_the_next(ask: Ask, kind: ResponseKind) -> None:
    alert = ask()
    answer(alert, "C-1")
    assert answer(alert, "C-1", kind).effect == Effect.APPLIED
    assert current(alert).state == AlertState.OPEN
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_person_told_that_it_is_taken_is_asked_again_after_a_hand_back(
    ask: Ask, clinician: Clinician, colleague: Clinician
) -> None:
    third = make_colleague("C-3", sms_number="+447700900302", call_number="+447700900303")
    alert = ask(None, colleague, third)
    let_time_run_out(alert)
    take(Delivery.objects.get(alert=alert, clinician=colleague))
    answer(alert, "C-1")
    assert notices(alert) == [("C-2", "sms", "taken")]
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "withdrawn"), ("C-2", "asked")]
    take(Delivery.objects.get(alert=alert, clinician=colleague, state=DeliveryState.PENDING, notice=""))
    let_time_run_out(alert)
    answer(alert, "C-3")
    assert notices(alert) == [("C-2", "sms", "taken")] * 2


def test_a_second_hand_back_goes_on_where_the_asking_was(ask: Ask, colleague: Clinician) -> None:
    third = make_colleague("C-3", sms_number="+447700900302", call_number="+447700900303")
    alert = ask(None, colleague, third)
    let_time_run_out(alert)
    for contact_id in ("C-1", "C-3"):  # C-2 is asked again in between, and does not answer
        answer(alert, contact_id)
        answer(alert, contact_id, ResponseKind.HAND_BACK)
        steps.take_up_due()
        let_time_run_out(alert)
    assert asked(alert)[-2:] == [("C-2", "undefined"), ("C-3", "declined")]


def test_only_the_holder_hands_back(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert answer(alert, "C-1", ResponseKind.HAND_BACK).effect == Effect.ALREADY_TAKEN
    assert current(alert).state == AlertState.ACKNOWLEDGED


def test_handing_back_with_nobody_left_is_loud(ask: Ask) -> None:
    alert = ask(None)
    answer(alert, "C-1")
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    steps.take_up_due()
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.EXHAUSTED


@pytest.mark.parametrize("is_being_sent", [False, True])
def test_nobody_is_told_that_it_is_taken_once_it_was_handed_back(ask: Ask, is_being_sent: bool) -> None:
    alert = ask()
    let_time_run_out(alert)
    take(Delivery.objects.get(alert=alert, clinician__contact_id="C-2"))
    answer(alert, "C-1")
    told = Delivery.objects.get(alert=alert, notice="taken")
    claimed = claim(told) if is_being_sent else None
    answer(alert, "C-1", ResponseKind.HAND_BACK)
    if claimed:
        lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta()))
    told.refresh_from_db()
    assert told.state == DeliveryState.CANCELLED
