"""Replies to SMS: what they do, and what is answered."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts.escalation import ending
from alerts.models import Delivery, InboundMessage, ReplyCode, Response
from alerts.responses import expiry, reply_intake
from alerts.states import AlertState, Effect, Notice, Proof, ResponseKind
from contacts.choices import Channel
from contacts.models import Clinician, Obstacle
from tests.alerts.escalation.factories import Ask, answer, asked, let_time_run_out, notices
from tests.alerts.responses.handsets import OTHER, Handsets, Question, wrong

pytestmark = pytest.mark.django_db


def test_an_alert_is_accepted_by_sms(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    kept = handsets.say(question.number, f"1 {question.code}")
    assert asked(question.alert) == [("C-1", "accepted")]
    assert notices(question.alert) == [("C-1", "sms", Notice.YOU_ACCEPTED)]
    response = Response.objects.get()
    assert (response.kind, response.proof, response.effect) == (
        ResponseKind.ACCEPT,
        Proof.SMS,
        Effect.APPLIED,
    )
    assert response.provider_at
    assert response.delivery == Delivery.objects.get(alert=question.alert, notice="")
    assert kept
    assert kept.response == response
    assert handsets.left() == 0


def test_an_alert_is_declined_by_sms(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    handsets.say(question.number, f"2{question.code}")
    assert asked(question.alert) == [("C-1", "declined")]
    assert notices(question.alert) == [("C-1", "sms", Notice.YOU_DECLINED)]


def test_a_code_from_another_number_is_kept_and_accepts_nothing(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    kept = handsets.say(OTHER, f"1 {question.code}")
    assert asked(question.alert) == [("C-1", "asked")]
    assert kept
    assert (kept.sender, kept.response, kept.effect) == (OTHER, None, Effect.NOT_UNDERSTOOD)
    assert notices(question.alert) == [], "nobody else is answered"


def test_a_colleague_cannot_use_the_code(
    ask: Ask, handsets: Handsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = ask()
    first = Question(alert)
    let_time_run_out(alert)
    second = Question(alert, "C-2")
    ReplyCode.objects.filter(address=second.number).update(code=wrong(first.code))
    handsets.say(second.number, f"1 {first.code}")
    assert "accepted" not in dict(asked(alert)).values()


def test_a_wrong_code_accepts_nothing_although_one_question_is_open(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    handsets.say(question.number, f"1 {wrong(question.code)}")
    assert asked(question.alert) == [("C-1", "asked")]
    assert notices(question.alert) == [("C-1", "sms", Notice.NOT_UNDERSTOOD)]


def test_a_reply_without_a_code_is_taken_if_one_question_is_open(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    handsets.say(question.number, "yes")
    assert asked(question.alert) == [("C-1", "accepted")]


def test_a_reply_without_a_code_is_not_taken_if_two_are_open(ask: Ask, handsets: Handsets) -> None:
    first, second = Question(ask()), Question(ask())
    handsets.say(first.number, "yes")
    assert asked(first.alert) == asked(second.alert) == [("C-1", "asked")]
    assert notices(second.alert) == [("C-1", "sms", Notice.NOT_UNDERSTOOD)]


def test_who_was_asked_twice_for_one_alert_has_one_question(
    ask: Ask, handsets: Handsets, clinician: Clinician
) -> None:
    alert = ask(None, None)
    Question(alert)
    let_time_run_out(alert)
    question = Question(alert)
    handsets.say(question.number, "1")
    assert asked(alert)[-1] == ("C-1", "accepted")


def test_no_without_a_code_gives_nothing_back(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    answer(question.alert, "C-1")
    handsets.say(question.number, "no")
    assert asked(question.alert) == [("C-1", "accepted")]


def test_no_with_the_code_gives_back(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    answer(question.alert, "C-1")
    handsets.say(question.number, f"2 {question.code}")
    assert asked(question.alert)[0] == ("C-1", "declined")


def test_who_is_second_is_told_who_has_it(ask: Ask, handsets: Handsets) -> None:
    alert = ask()
    late = Question(alert)
    let_time_run_out(alert)
    answer(alert, "C-2")
    handsets.say(late.number, f"1 {late.code}")
    assert asked(alert)[1] == ("C-2", "accepted")
    assert ("C-1", "sms", Notice.TAKEN) in notices(alert)


def test_who_says_yes_twice_has_it(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    for text in (f"1 {question.code}", "yes"):
        handsets.say(question.number, text)
    assert asked(question.alert) == [("C-1", "accepted")]
    assert [each[2] for each in notices(question.alert)] == [Notice.YOU_ACCEPTED] * 2


def test_who_answers_an_ended_alert_is_told_so(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    ending.end(question.alert, AlertState.CANCELLED)
    handsets.say(question.number, f"1 {question.code}")
    assert Response.objects.get().effect == Effect.TOO_LATE
    assert ("C-1", "sms", Notice.YOU_WERE_LATE) in notices(question.alert)


def test_a_late_yes_is_not_taken_for_an_answer_to_another_alert(ask: Ask, handsets: Handsets) -> None:
    """GoAlert #3154."""
    old = Question(ask())
    ending.end(old.alert, AlertState.CLOSED)
    expiry.run()
    new = Question(ask())
    handsets.say(old.number, f"1 {old.code}")
    assert asked(new.alert) == [("C-1", "asked")]
    assert Response.objects.get().alert == old.alert


def test_a_reply_that_is_not_understood_is_answered_once(ask: Ask, handsets: Handsets) -> None:
    """An automatic reply is answered by an automatic reply: that would go on for ever."""
    question = Question(ask())
    for _ in range(3):
        handsets.say(question.number, "I am on leave")
    assert notices(question.alert) == [("C-1", "sms", Notice.NOT_UNDERSTOOD)]
    assert InboundMessage.objects.count() == 3


def test_answers_to_one_question_come_to_an_end(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    for _ in range(reply_intake.MOST_ANSWERS + 2):
        handsets.say(question.number, f"1 {question.code}")
    assert len(notices(question.alert)) == reply_intake.MOST_ANSWERS


@pytest.mark.parametrize("text", ["STOP", "unsubscribe", "Stop."])
def test_nobody_answers_who_opts_out(ask: Ask, handsets: Handsets, text: str) -> None:
    question = Question(ask())
    handsets.say(question.number, text)
    assert notices(question.alert) == []


def test_a_number_that_replied_stop_is_known_to_get_no_sms(ask: Ask, handsets: Handsets) -> None:
    """AWS drops what is sent there, and says that it has sent it."""
    question = Question(ask())
    handsets.say(question.number, "Stopping at the ward first")
    assert not Obstacle.objects.exists()
    handsets.say(question.number, "Stop these")
    known = Obstacle.objects.get()
    assert (known.address, known.channel, known.kind) == (question.number, Channel.SMS, "opted_out")
    assert question.alert.clinician.pk == known.clinician_id


def test_nobody_answers_a_number_that_nobody_knows(ask: Ask, handsets: Handsets) -> None:
    handsets.say(OTHER, "Who is this?")
    assert not Delivery.objects.exclude(notice="").exists()


def test_nobody_answers_a_number_that_is_no_longer_the_person_s(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    Clinician.objects.filter(contact_id="C-1").update(sms_number="+447700900777")
    handsets.say(question.number, f"1 {question.code}")
    assert notices(question.alert) == []


def test_nobody_answers_long_after_the_question(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    ending.end(question.alert, AlertState.CLOSED)
    ReplyCode.objects.update(created_at=Now() - timedelta(days=2))
    handsets.say(question.number, "Hello?")
    assert notices(question.alert) == []


def test_neither_numbers_nor_texts_are_logged(
    ask: Ask, handsets: Handsets, caplog: pytest.LogCaptureFixture
) -> None:
    question = Question(ask())
    with caplog.at_level("INFO"):
        handsets.put("unreadable secret")
        handsets.reply(question.number, "my secret")
        handsets.say(question.number, f"1 {question.code}")
        handsets.read()
    lines = [f"{each.msg} {each.args}" for each in caplog.records if each.name.startswith("alerts")]
    assert any("reply.taken" in line for line in lines)
    assert any("reply.unreadable" in line for line in lines)
    everything = " ".join(lines)
    assert "secret" not in everything
    assert question.number not in everything
    assert question.code not in everything


def test_a_message_that_fits_no_question_is_forgotten_after_a_while(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    handsets.say(question.number, f"1 {question.code}")
    handsets.say(OTHER, "Hello")
    InboundMessage.objects.update(received_at=Now() - reply_intake.KEPT)
    expiry.run()
    assert InboundMessage.objects.get().response
