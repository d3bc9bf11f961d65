"""The queue in which replies to SMS come: what is read twice, not at all, or by two relays."""

import itertools
import json
import threading
import time
from typing import Any

import pytest
from django.db import OperationalError, connection

from alerts.channels import queues
from alerts.models import Engagement, InboundMessage, Response
from alerts.relay import queue_reader
from alerts.relay.loop import Relay
from alerts.responses import reply_intake, sms_replies
from alerts.states import EngagementState
from config import database
from tests.alerts.escalation.factories import Ask, asked, notices
from tests.alerts.responses.handsets import OTHER, Handsets, Question, reader_of_replies
from tests.aws import Aws
from tests.processes import wait_until

pytestmark = pytest.mark.django_db


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
def test_an_unreadable_message_holds_nothing_up(ask: Ask, handsets: Handsets, body: str, caplog: Any) -> None:
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
    ask: Ask, handsets: Handsets, whole_relay: Relay, broker: object
) -> None:
    question = Question(ask())
    handsets.reply(question.number, f"1 {question.code}")
    until = time.monotonic() + 20
    while not Response.objects.exists() and time.monotonic() < until:
        whole_relay.tick()
        time.sleep(0.05)
    whole_relay.stop()
    assert Engagement.objects.get(alert=question.alert).state == EngagementState.ACCEPTED
