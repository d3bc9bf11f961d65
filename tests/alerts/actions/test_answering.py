"""Staff enter what somebody said, and ask somebody else within the same alert."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User

from alerts import actions
from alerts.models import Alert, AlertAction, Delivery, Engagement, Loop, Response
from alerts.states import AlertState, LoopOutcome, Outcome, Proof, ResponseKind, StaffAction, Why
from contacts.models import Clinician
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    current,
    let_time_run_out,
    notices,
    refuse_all,
    take,
    waiting,
)
from tests.alerts.factories import handle, resend
from tests.oncall.factories import MINUTE, make_colleague

pytestmark = pytest.mark.django_db

ACCEPT, DECLINE, HAND_BACK = ResponseKind.ACCEPT, ResponseKind.DECLINE, ResponseKind.HAND_BACK


def enter(alert: Alert, contact_id: str, kind: ResponseKind, by: User, **given: Any) -> Response:
    engagement = Engagement.objects.filter(alert=alert, clinician__contact_id=contact_id).latest("number")
    fields = {"key": uuid.uuid4(), "note": "Said so on the telephone.", **given}
    return actions.enter(alert.pk, engagement.pk, kind, by=by, **fields)


def test_staff_enter_that_somebody_accepted_and_who_did_it_is_kept(ask: Ask, ada: User) -> None:
    alert = ask()
    response = enter(alert, "C-1", ACCEPT, ada)

    assert asked(alert) == [("C-1", "accepted")]
    assert (response.proof, response.by, response.note) == (Proof.STAFF, ada, "Said so on the telephone.")
    assert current(alert).state == AlertState.ACKNOWLEDGED


def test_a_form_sent_twice_is_one_answer(ask: Ask, ada: User) -> None:
    alert, key = ask(), uuid.uuid4()
    first = enter(alert, "C-1", ACCEPT, ada, key=key, after=0, newest_answer=0)

    assert enter(alert, "C-1", ACCEPT, ada, key=key, after=0, newest_answer=0) == first
    assert Response.objects.count() == 1


def test_the_next_is_asked_when_staff_enter_that_somebody_declined(ask: Ask, ada: User) -> None:
    alert = ask()
    enter(alert, "C-1", DECLINE, ada)
    let_time_run_out(alert)

    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_handing_back_undoes_an_acceptance_and_the_next_is_asked(ask: Ask, ada: User) -> None:
    alert = ask()
    enter(alert, "C-1", ACCEPT, ada)
    enter(alert, "C-1", HAND_BACK, ada)
    let_time_run_out(alert)

    assert current(alert).state == AlertState.OPEN
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_refusal_entered_by_mistake_is_undone_by_an_acceptance(ask: Ask, ada: User) -> None:
    alert = ask()
    enter(alert, "C-1", DECLINE, ada)
    enter(alert, "C-1", ACCEPT, ada)

    assert asked(alert)[0] == ("C-1", "accepted")


def test_an_answer_from_an_old_page_is_refused(ask: Ask, ada: User) -> None:
    alert = ask()
    answer(alert, "C-1", DECLINE)

    with pytest.raises(actions.ActionRefused, match="answered in the meantime"):
        enter(alert, "C-1", ACCEPT, ada, newest_answer=0)
    assert asked(alert)[0] == ("C-1", "declined")


def test_an_answer_is_refused_if_a_colleague_acted_meanwhile(ask: Ask, ada: User, olive: User) -> None:
    alert = ask()
    handle(StaffAction.TAKE, alert.pk, by=olive)

    with pytest.raises(actions.Overtaken):
        enter(alert, "C-1", ACCEPT, ada, after=0)


@pytest.mark.parametrize(("kind", "sentence"), [(ACCEPT, "hand it back"), (DECLINE, "hand it back")])
def test_nothing_is_entered_for_others_while_somebody_has_it(
    ask: Ask, ada: User, kind: ResponseKind, sentence: str
) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-2")

    with pytest.raises(actions.ActionRefused, match=sentence):
        enter(alert, "C-1", kind, ada)
    assert asked(alert)[1] == ("C-2", "accepted")


def test_nothing_is_entered_once_it_was_cancelled(ask: Ask, ada: User) -> None:
    alert = ask()
    handle(StaffAction.CANCEL, alert.pk, by=ada)

    with pytest.raises(actions.ActionRefused, match="cancelled"):
        enter(alert, "C-1", ACCEPT, ada)


def test_somebody_else_is_asked_within_the_same_alert(ask: Ask, ada: User) -> None:
    alert, other = ask(), make_colleague("C-3")
    engagement = actions.ask(alert.pk, to=other, by=ada, note="The consultant said so.")

    assert asked(alert) == [("C-1", "asked"), ("C-3", "asked")]
    assert (engagement.why, engagement.step) == (Why.STAFF, None)
    assert ("C-3", "call") in waiting(alert)
    kept = Engagement.objects.get(pk=engagement.pk)
    assert kept.due_at - kept.asked_at == 2 * MINUTE, "as long as the last of the plan"
    assert Alert.objects.count() == 1
    assert AlertAction.objects.get().asked == engagement


def test_whom_staff_asked_may_be_asked_when_nobody_was_left(ask: Ask, ada: User) -> None:
    alert, other = ask(), make_colleague("C-3")
    let_time_run_out(alert)
    let_time_run_out(alert)
    actions.ask(alert.pk, to=other, by=ada)

    assert Loop.objects.get(alert=alert).outcome == ""
    let_time_run_out(alert)
    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.EXHAUSTED
    actions.ask(alert.pk, to=alert.clinician, by=ada)
    assert asked(alert)[-1] == ("C-1", "asked"), "also somebody who was asked before"


def test_a_form_sent_twice_asks_once(ask: Ask, ada: User) -> None:
    alert, other = ask(), make_colleague("C-3")
    first = actions.ask(alert.pk, to=other, by=ada, after=0)

    assert actions.ask(alert.pk, to=other, by=ada, after=0) == first
    assert asked(alert) == [("C-1", "asked"), ("C-3", "asked")]


def test_nobody_is_asked_twice_at_a_time(ask: Ask, ada: User) -> None:
    alert = ask()
    with pytest.raises(actions.ActionRefused, match="asked already"):
        actions.ask(alert.pk, to=alert.clinician, by=ada)


def test_who_cannot_be_reached_is_not_asked(ask: Ask, ada: User) -> None:
    alert = ask()
    with pytest.raises(actions.ActionRefused, match="inactive"):
        actions.ask(alert.pk, to=make_colleague("C-3", active=False), by=ada)


def test_sent_again_it_goes_to_whom_it_asks_now(ask: Ask, ada: User) -> None:
    alert = ask()
    refuse_all(alert)
    let_time_run_out(alert)
    for delivery in Delivery.objects.filter(alert=alert, clinician__contact_id="C-2"):
        take(delivery)
    Delivery.objects.filter(alert=alert).update(outcome_due_at=None)
    engagement = Engagement.objects.get(alert=alert, clinician__contact_id="C-2")
    again = resend(alert.pk, by=ada)

    assert (again.clinician, again.engagement) == (engagement.clinician, engagement)


def test_cancelling_stops_the_asking_although_nothing_waits_to_be_sent(ask: Ask, ada: User) -> None:
    alert = ask()
    take(Delivery.objects.get(alert=alert))
    handle(StaffAction.CANCEL, alert.pk, by=ada)

    assert asked(alert) == [("C-1", "withdrawn")]
    assert notices(alert) == [("C-1", "sms", "ended")]


def test_undoing_dealt_with_leaves_it_to_staff_whom_to_ask(ask: Ask, ada: User, colleague: Clinician) -> None:
    alert = ask()
    told = actions.DealtWith(Outcome.BY_TELEPHONE, "The registrar")
    actions.act(StaffAction.CLOSE, alert.pk, by=ada, dealt_with=told)
    handle(StaffAction.REOPEN, alert.pk, by=ada)

    assert Loop.objects.get(alert=alert).outcome == LoopOutcome.EXHAUSTED
    actions.ask(alert.pk, to=colleague, by=ada)
    assert asked(alert)[-1] == ("C-2", "asked")
