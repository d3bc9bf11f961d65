"""What a reply by SMS is understood as."""

import json

import pytest

from alerts.channels.queues import Received
from alerts.responses import reply_text
from alerts.responses.reply_text import Said
from alerts.states import ResponseKind

ACCEPT, DECLINE = ResponseKind.ACCEPT, ResponseKind.DECLINE
NUMBER = "+447700900102"


def received(body: object) -> Received:
    """A message from the queue."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Received("sqs-1", text, "receipt", None)


def payload(**more: object) -> dict[str, object]:
    return {"originationNumber": NUMBER, "messageBody": "1 4821", "inboundMessageId": "in-1", **more}


@pytest.mark.parametrize(
    "text",
    [
        "1 4821",
        "14821",
        " 1  4821 ",
        "1-4821",
        "1 4821.",
        "ACCEPT 4821",
        "Accept4821",
        "yes 4821",
        "Yes, 4821!",
        "1\n48 21",
        "１ ４８２１",
    ],
)
def test_who_accepts(text: str) -> None:
    assert reply_text.understand(text) == Said(ACCEPT, "4821")


@pytest.mark.parametrize("text", ["2 4821", "24821", "DECLINE 4821", "no 4821", "No: 4821"])
def test_who_declines(text: str) -> None:
    assert reply_text.understand(text) == Said(DECLINE, "4821")


@pytest.mark.parametrize(
    ("text", "kind"), [("1", ACCEPT), (" Yes! ", ACCEPT), ("2.", DECLINE), ("NO", DECLINE)]
)
def test_without_digits(text: str, kind: ResponseKind) -> None:
    assert reply_text.understand(text) == Said(kind, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4821",
        "1482",
        "1 48211",
        "3 4821",
        "12 4821",
        "I cannot",
        "1 or 2?",
        "yes no",
        "STOP",
        "Stop 4821",
        "end",
        "I am on leave until Monday. > Reply 1 4821 to accept, 2 4821 to decline",
        "Reply 1 4821 to accept",
        "🙂",
        "١ ٤٨٢١",
    ],
)
def test_other_texts_are_not_understood(text: str) -> None:
    assert reply_text.understand(text) == Said()


def test_no_word_opts_anybody_out() -> None:
    assert not reply_text.OPT_OUT & set(reply_text.WORDS)


def test_a_reply_is_read() -> None:
    reply = reply_text.read(received(payload()))
    assert reply
    assert (reply.provider_id, reply.sender, reply.text) == ("in-1", NUMBER, "1 4821")


def test_a_reply_that_the_topic_has_wrapped_is_read() -> None:
    reply = reply_text.read(received({"Type": "Notification", "Message": json.dumps(payload())}))
    assert reply
    assert reply.text == "1 4821"


def test_a_reply_without_an_id_has_that_of_the_queue() -> None:
    reply = reply_text.read(received(payload(inboundMessageId=None)))
    assert reply
    assert reply.provider_id == "sqs-1"


def test_characters_that_cannot_be_stored_are_left_out() -> None:
    odd = payload(messageBody="1\x00 48\ud80021" + "x" * 5000, originationNumber=f"{NUMBER}\x00" + "9" * 100)
    reply = reply_text.read(received(odd))
    assert reply
    assert reply.text.startswith("1 4821xxx")
    assert len(reply.text) == 1600
    assert len(reply.sender) == 32


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no json",
        "[]",
        "null",
        "1",
        '"x"',
        "{}",
        "[" * 50_000,
        payload(messageBody=None),
        payload(originationNumber=""),
        payload(originationNumber=7),
    ],
)
def test_a_message_that_is_not_a_reply_is_not_read(body: object) -> None:
    assert reply_text.read(received(body)) is None
