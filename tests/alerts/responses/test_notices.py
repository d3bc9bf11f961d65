"""Notices: who is told that somebody has the alert, or that it has ended."""

import pytest

from alerts.escalation import ending
from alerts.models import Alert, Delivery
from alerts.states import (
    AlertState,
    AlertStatus,
    Effect,
    Proof,
)
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    current,
    let_time_run_out,
    notices,
    refuse,
    take,
    waiting,
)

pytestmark = pytest.mark.django_db


def test_people_who_may_have_got_a_message_are_told_that_it_is_taken(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert) == [("C-1", "sms", "taken")]
    assert current(alert).status == AlertStatus.ACKNOWLEDGED


def test_people_who_got_no_message_get_no_notice(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    assert notices(alert) == []


def test_a_notice_is_sent_although_the_alert_has_ended_and_says_nothing_of_how_it_stands(ask: Ask) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    let_time_run_out(alert)
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    assert notices(alert) == [("C-1", "sms", "ended")]
    status = current(alert).status
    refuse(Delivery.objects.exclude(notice="").get())
    assert current(alert).status == status
    assert waiting(alert) == []


@pytest.mark.parametrize(("proof", "told"), [(Proof.CALL_KEY, [("C-1", "sms", "taken")]), (Proof.LINK, [])])
def test_a_person_who_accepts_in_vain_by_a_call_is_told_afterwards(
    ask: Ask, proof: Proof, told: list[tuple[str, str, str]]
) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")
    for _ in range(2):
        assert answer(alert, "C-1", proof=proof).effect == Effect.ALREADY_TAKEN
    assert notices(alert) == told


@pytest.mark.parametrize(
    ("is_taken", "told"), [(True, [("C-1", "sms", "ended")]), (False, [("C-1", "sms", "late")])]
)
def test_a_person_who_accepts_too_late_by_a_call_is_told_once_that_it_has_ended(
    ask: Ask, is_taken: bool, told: list[tuple[str, str, str]]
) -> None:
    alert = ask()
    if is_taken:  # so that they may have got something, and are told of the end
        take(Delivery.objects.get(alert=alert))
    ending.end(Alert.objects.get(pk=alert.pk), AlertState.CANCELLED)
    assert answer(alert, "C-1").effect == Effect.TOO_LATE
    assert notices(alert) == told
