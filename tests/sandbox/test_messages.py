"""The list of received messages."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from sandbox.aws.messages import Messages, ReceivedMessage
from tests.sandbox.conftest import CLINICIAN, AwsClients


def sms(text: str) -> ReceivedMessage:
    return ReceivedMessage(channel="sms", to=CLINICIAN, text=text, provider_id=text)


def test_the_newest_comes_first_whatever_the_channel(aws: AwsClients, topic: str) -> None:
    aws.sns.publish(PhoneNumber=CLINICIAN, Message="First")
    aws.ring(Attributes={"Message": "Second"})
    aws.sns.publish(TopicArn=topic, Message="Third")
    messages = aws.messages()
    assert [message["text"] for message in messages] == ["Third", "Second", "First"]
    assert [message["channel"] for message in messages] == ["email", "call", "sms"]
    times = [message["at"] for message in messages]
    assert times == sorted(times, reverse=True)


def test_a_time_is_utc_with_milliseconds() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    messages = Messages(now=lambda: now)
    messages.add(sms("Hello"))
    now += timedelta(microseconds=-678901)
    messages.add(sms("On the second"))
    assert [message["at"] for message in messages.newest()[0]] == [
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:04:05.678Z",
    ]


@pytest.mark.parametrize(("limit", "texts"), [("2", ["3", "2"]), ("0", []), ("99", ["3", "2", "1"])])
def test_a_limit_takes_the_newest(aws: AwsClients, limit: str, texts: list[str]) -> None:
    for text in "123":
        aws.sns.publish(PhoneNumber=CLINICIAN, Message=text)
    assert [message["text"] for message in aws.messages(limit=limit)] == texts


@pytest.mark.parametrize("limit", ["-1", "many", "1.5", ""])
def test_a_wrong_limit_is_named(aws: AwsClients, limit: str) -> None:
    response = aws.get("/messages", limit=limit)
    assert response.status_code == 400
    assert "'limit'" in response.text


def test_clearing_forgets_all(aws: AwsClients) -> None:
    aws.sns.publish(PhoneNumber=CLINICIAN, Message="Hello")
    assert aws.delete("/messages").status_code == 204
    assert aws.messages() == []


def test_clearing_does_not_forget_which_calls_were_placed(aws: AwsClients) -> None:
    contact_id = aws.ring(ClientToken="placed")
    aws.delete("/messages")
    assert aws.ring(ClientToken="placed") == contact_id
    assert aws.messages() == []


def test_only_the_newest_are_kept() -> None:
    messages = Messages(capacity=3)
    for number in range(5):
        messages.add(sms(str(number)))
    assert [message["text"] for message in messages.newest()[0]] == ["4", "3", "2"]


def test_pages_hold_every_message_once_while_new_ones_come_in() -> None:
    messages = Messages()
    for number in range(250):
        messages.add(sms(str(number)))
    pages, before = [], None
    while True:
        page, total = messages.newest(100, before=before)
        if not page:
            break
        pages.append([message["text"] for message in page])
        before = page[-1]["id"]
        messages.add(sms("new"))

    assert [len(page) for page in pages] == [100, 100, 50]
    assert [text for page in pages for text in page] == [str(number) for number in reversed(range(250))]
    assert total == 253


@pytest.mark.parametrize(
    "term",
    ["07700 900123", "+44 7700 900123", "900-123", "POTASSIUM", "sium 6.9", " potassium "],
)
def test_a_message_is_found_by_number_and_by_text(aws: AwsClients, term: str) -> None:
    aws.sns.publish(PhoneNumber="+447700900123", Message="Potassium 6.9")
    aws.sns.publish(PhoneNumber="+447700900124", Message="Sodium 140")

    answer = aws.get("/messages", find=term)

    assert [message["text"] for message in answer.json()] == ["Potassium 6.9"]
    assert answer.headers["Total-Count"] == "1"
    assert aws.get("/messages", find="nothing like it").json() == []


def test_an_unchanged_list_is_not_sent_again(aws: AwsClients) -> None:
    def poll(tag: str) -> requests.Response:
        return requests.get(f"{aws.url}/messages", headers={"If-None-Match": tag}, timeout=10)

    aws.sns.publish(PhoneNumber=CLINICIAN, Message="Hello")
    tag = aws.get("/messages").headers["ETag"]
    unchanged = poll(tag)
    assert unchanged.status_code == 304
    assert unchanged.content == b""
    aws.sns.publish(PhoneNumber=CLINICIAN, Message="Again")
    assert len(poll(tag).json()) == 2
