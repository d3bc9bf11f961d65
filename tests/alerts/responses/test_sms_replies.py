"""Replies to SMS, from the handset through AWS's queue to what they do."""

import itertools
import json
import threading
import time
from datetime import timedelta
from typing import Any

import boto3
import pytest
import requests
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts.channels import queues
from alerts.escalation import ending
from alerts.models import Alert, Delivery, Engagement, InboundMessage, ReplyCode, Response
from alerts.relay import queue_reader
from alerts.relay.loop import Relay
from alerts.relay.queue_reader import QueueReader
from alerts.responses import codes, expiry, reply_intake, sms_replies
from alerts.states import AlertState, Effect, EngagementState, Notice, Proof, ResponseKind
from config import database
from config.database import Lock
from contacts.choices import Channel
from contacts.models import Clinician, Obstacle
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from tests.alerts.escalation.factories import Ask, answer, asked, let_time_run_out, notices
from tests.aws import Aws
from tests.processes import wait_until

pytestmark = pytest.mark.django_db

OTHER = "+447700900999"


def reader_of_replies() -> QueueReader:
    """As a relay has it."""
    return QueueReader(
        "replies", django_settings.SMS_REPLY_QUEUE_URL, sms_replies.take, lock=Lock.SMS_REPLIES
    )


class Handsets:
    """People who reply."""

    def __init__(self, aws: Aws) -> None:
        self._url = aws.url
        self.sqs: Any = boto3.client("sqs")
        self.queue = reply_queue_url(aws.url)

    def reply(self, number: str, text: str) -> None:
        """Reply, without Bleep looking."""
        answer = requests.post(f"{self._url}/handset/reply", json={"number": number, "text": text}, timeout=5)
        assert answer.ok, answer.text

    def put(self, body: str) -> None:
        """Something that is no reply comes into the queue."""
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def left(self) -> int:
        """Messages that are still in the queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)

    def read(self) -> None:
        """Let Bleep look into the queue, once."""
        looks = iter([False, True])
        reader_of_replies().run(lambda: next(looks))

    def say(self, number: str, text: str) -> InboundMessage | None:
        """Reply, and let Bleep read it."""
        self.reply(number, text)
        self.read()
        return InboundMessage.objects.order_by("-pk").first()


@pytest.fixture
def handsets(aws: Aws, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Handsets:
    settings.SMS_REPLY_QUEUE_URL = reply_queue_url(aws.url)
    settings.SMS_ORIGINATION_NUMBER = ORIGINATION_NUMBER
    monkeypatch.setattr(queues, "WAIT_SECONDS", 0)
    return Handsets(aws)


class Question:
    """An SMS that somebody got."""

    def __init__(self, alert: Alert, contact_id: str = "C-1") -> None:
        self.alert = alert
        mine = Engagement.objects.filter(alert=alert, clinician__contact_id=contact_id).latest("number")
        self.number = mine.clinician.sms_number
        Delivery.objects.filter(engagement=mine).update(channel=Channel.SMS, address=self.number)
        self.code = codes.make(mine.pk, self.number)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04}"


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


def test_a_message_that_aws_delivers_twice_is_one_answer(ask: Ask, handsets: Handsets, aws: Aws) -> None:
    question = Question(ask())
    aws.misbehave("sqs:SendMessage", "twice")
    handsets.say(question.number, f"1 {question.code}")
    handsets.read()
    assert handsets.left() == 0
    assert Response.objects.count() == InboundMessage.objects.count() == 1
    assert len(notices(question.alert)) == 1


def test_a_reply_that_was_stored_and_not_deleted_is_known_when_it_comes_again(
    ask: Ask, handsets: Handsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that ends in between."""
    question = Question(ask())
    with monkeypatch.context() as patch:
        patch.setattr(queues, "HIDDEN_SECONDS", 0)
        patch.setattr(queues, "delete", lambda *_: None)
        handsets.say(question.number, f"1 {question.code}")
    assert handsets.left() == 1
    handsets.read()
    assert handsets.left() == 0
    assert Response.objects.count() == 1
    assert len(notices(question.alert)) == 1


@pytest.mark.parametrize(
    "body", ["no json", "{}", "[1]", json.dumps({"originationNumber": OTHER}), '{"a": "\\u0000"}']
)
def test_what_nobody_can_read_holds_nothing_up(ask: Ask, handsets: Handsets, body: str, caplog: Any) -> None:
    question = Question(ask())
    handsets.put(body)
    handsets.reply(question.number, f"1 {question.code}")
    handsets.read()
    handsets.read()
    assert asked(question.alert) == [("C-1", "accepted")]
    assert handsets.left() == 0


def test_a_reply_with_odd_characters_is_kept(handsets: Handsets) -> None:
    payload = {"originationNumber": OTHER, "messageBody": "a\x00b\ud800", "inboundMessageId": "in-1"}
    handsets.put(json.dumps(payload))
    handsets.read()
    assert InboundMessage.objects.get().text == "ab"
    assert handsets.left() == 0


def test_one_reply_that_fails_leaves_the_others_alone(
    ask: Ask, handsets: Handsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(ask())
    real = reply_intake.take

    def fail(reply: Any) -> None:
        if reply.text == "broken":
            raise RuntimeError(reply.text)
        real(reply)

    monkeypatch.setattr(reply_intake, "take", fail)
    handsets.reply(OTHER, "broken")
    handsets.reply(question.number, f"1 {question.code}")
    handsets.read()
    assert asked(question.alert) == [("C-1", "accepted")]
    assert handsets.left() == 1, "it comes again"


def test_a_reply_waits_for_the_database(
    ask: Ask, handsets: Handsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(ask())
    real, tries = reply_intake.take, iter([1, 2])

    def be_away(reply: Any) -> None:
        if next(tries, None):
            raise OperationalError
        real(reply)

    monkeypatch.setattr(reply_intake, "take", be_away)
    monkeypatch.setattr(sms_replies, "PAUSE", 0)
    monkeypatch.setattr(database, "forget_session", lambda: None)  # the test's transaction
    handsets.reply(question.number, f"1 {question.code}")
    looks = iter([False, False, False, True])
    reader_of_replies().run(lambda: next(looks))
    assert asked(question.alert) == [("C-1", "accepted")]


def test_what_was_not_understood_is_answered_once(ask: Ask, handsets: Handsets) -> None:
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


def test_aws_that_is_away_is_logged_once_and_asked_less(
    handsets: Handsets, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    aws.misbehave("sqs:ReceiveMessage", "throttle", times=3)
    reader = reader_of_replies()
    with caplog.at_level("INFO"):
        for _ in range(3):
            reader.run(lambda: False)
            reader._pause._until = 0  # noqa: SLF001 - as if the time had passed
        looks = iter([False, True])
        reader.run(lambda: next(looks))
    lines = " ".join(f"{each.msg}" for each in caplog.records)
    assert lines.count("queue.aws_away") == 1
    assert lines.count("queue.aws_back") == 1
    assert reader._pause.seconds == queue_reader.AWAY_SECONDS * 4  # noqa: SLF001


def test_what_fitted_no_question_is_forgotten_after_a_while(ask: Ask, handsets: Handsets) -> None:
    question = Question(ask())
    handsets.say(question.number, f"1 {question.code}")
    handsets.say(OTHER, "Hello")
    InboundMessage.objects.update(received_at=Now() - reply_intake.KEPT)
    expiry.run()
    assert InboundMessage.objects.get().response


@pytest.mark.django_db(transaction=True)
def test_one_relay_reads_at_a_time(handsets: Handsets, monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end, reads = threading.Event(), threading.Event(), []

    def receive(_url: str) -> list[Any]:
        reads.append(1)
        began.set()
        may_end.wait(20)
        return []

    monkeypatch.setattr(queues, "receive", receive)

    def read() -> None:
        looks = iter([False, True])
        reader_of_replies().run(lambda: next(looks))
        connection.close()

    first = threading.Thread(target=read)
    first.start()
    assert began.wait(20)
    read()
    may_end.set()
    first.join(20)
    assert len(reads) == 1


@pytest.mark.django_db(transaction=True)
def test_a_relay_that_hangs_does_not_keep_the_replies_to_itself(
    ask: Ask, handsets: Handsets, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = Question(ask())
    monkeypatch.setattr(database, "HUNG_SECONDS", 1)
    hangs, may_end = threading.Event(), threading.Event()
    real = queues.receive

    def hang(url: str) -> list[Any]:
        if threading.current_thread().name != "hangs":
            return real(url)
        hangs.set()
        may_end.wait(20)
        return []

    monkeypatch.setattr(queues, "receive", hang)
    looks = itertools.count()

    def read() -> None:
        reader_of_replies().run(lambda: next(looks) < 0)
        connection.close()

    first = threading.Thread(target=read, name="hangs")
    first.start()
    assert hangs.wait(20)
    handsets.reply(question.number, f"1 {question.code}")

    def is_read() -> bool:
        handsets.read()
        return Response.objects.exists()

    wait_until(is_read, what="another relay reads the reply")
    may_end.set()
    first.join(20)
    assert next(looks) == 2, "it has lost the lock, and reads no more"


@pytest.mark.django_db(transaction=True)
def test_a_relay_reads_beside_its_work(
    ask: Ask, handsets: Handsets, one_relay: Relay, broker: object
) -> None:
    question = Question(ask())
    handsets.reply(question.number, f"1 {question.code}")
    until = time.monotonic() + 20
    while not Response.objects.exists() and time.monotonic() < until:
        one_relay.tick()
        time.sleep(0.05)
    one_relay.stop()
    assert Engagement.objects.get(alert=question.alert).state == EngagementState.ACCEPTED
