"""Replies to SMS, as stock boto3 gets them from SQS."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.wrappers import Request

from sandbox.aws.sqs import Sqs
from sandbox.queues import ORIGINATION_NUMBER, reply_queue_url
from tests.sandbox.conftest import CLINICIAN, COLLEAGUE, AwsClients

OWN_NUMBER = "+447700900801"


class Queue:
    """The queue of replies, by boto3 as Bleep uses it."""

    def __init__(self, aws: AwsClients) -> None:
        self.client: Any = boto3.client("sqs", **aws.settings(read_timeout=30))
        self.url = reply_queue_url(aws.url)

    def receive(self, wait: int = 0, **more: Any) -> list[dict[str, Any]]:
        answer = self.client.receive_message(
            QueueUrl=self.url, WaitTimeSeconds=wait, MaxNumberOfMessages=10, **more
        )
        return list(answer.get("Messages", []))

    def delete(self, message: dict[str, Any]) -> None:
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])


@pytest.fixture
def queue(aws: AwsClients) -> Queue:
    return Queue(aws)


def reply(aws: AwsClients, text: str = "1 4821", number: str = CLINICIAN) -> dict[str, Any]:
    response = aws.post("/handset/reply", {"number": number, "text": text})
    assert response.status_code == 200, response.text
    return dict(response.json())


def bodies(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(message["Body"]) for message in messages]


def test_a_reply_is_what_end_user_messaging_passes_on(aws: AwsClients, queue: Queue) -> None:
    origin: Any = {"AWS.MM.SMS.OriginationNumber": {"DataType": "String", "StringValue": OWN_NUMBER}}
    sent = [
        aws.sns.publish(PhoneNumber=CLINICIAN, Message=text, MessageAttributes=origin)["MessageId"]
        for text in ("First", "Second")
    ]
    aws.sns.publish(PhoneNumber=COLLEAGUE, Message="Another's")
    told = reply(aws)
    [body] = bodies(queue.receive())
    assert body == told
    assert body.pop("inboundMessageId")
    assert body.pop("messageKeyword")
    assert body == {
        "originationNumber": CLINICIAN,
        "destinationNumber": OWN_NUMBER,
        "messageBody": "1 4821",
        "previousPublishedMessageId": sent[-1],
    }


def test_a_reply_to_nothing_names_no_message(aws: AwsClients, queue: Queue) -> None:
    reply(aws)
    [body] = bodies(queue.receive())
    assert "previousPublishedMessageId" not in body
    assert body["destinationNumber"] == ORIGINATION_NUMBER


def test_each_reply_has_an_id_of_its_own(aws: AwsClients) -> None:
    assert reply(aws)["inboundMessageId"] != reply(aws)["inboundMessageId"]


def test_a_message_comes_again_until_it_is_deleted(aws: AwsClients, queue: Queue) -> None:
    reply(aws)
    [first] = queue.receive(VisibilityTimeout=1)
    assert queue.receive() == []
    [again] = queue.receive(wait=5)
    assert again["MessageId"] == first["MessageId"]
    queue.delete(again)
    assert queue.receive(wait=2) == []


def test_a_message_can_be_given_back_at_once(aws: AwsClients, queue: Queue) -> None:
    reply(aws)
    [taken] = queue.receive()
    queue.client.change_message_visibility(
        QueueUrl=queue.url, ReceiptHandle=taken["ReceiptHandle"], VisibilityTimeout=0
    )
    assert len(queue.receive()) == 1


def test_a_long_poll_waits_for_a_reply_and_holds_up_nobody(aws: AwsClients, queue: Queue) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(queue.receive, 20)
        began = time.monotonic()
        aws.sns.publish(PhoneNumber=CLINICIAN, Message="Meanwhile")
        other = Queue(aws)
        assert other.receive() == []
        reply(aws)
        [body] = bodies(waiting.result(timeout=10))
    assert body["messageBody"] == "1 4821"
    assert time.monotonic() - began < 10


def test_a_long_poll_ends_with_nothing(aws: AwsClients, queue: Queue) -> None:
    began = time.monotonic()
    assert queue.receive(wait=2) == []
    assert 1.9 < time.monotonic() - began < 3.9


def test_a_long_poll_ends_with_the_server() -> None:
    stopping = Event()
    stopping.set()
    request = Request.from_values(
        method="POST",
        headers={
            "Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/eu-west-2/sqs/aws4_request, Signature=x",
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "AmazonSQS.ReceiveMessage",
        },
        data=json.dumps({"QueueUrl": reply_queue_url("http://127.0.0.1"), "WaitTimeSeconds": 20}),
    )
    began = time.monotonic()
    assert Sqs(create_backend_app("sqs"), stopping).call(request).carry_out().status_code == 200
    assert time.monotonic() - began < 15


def test_a_fault_puts_a_reply_into_the_queue_twice(aws: AwsClients, queue: Queue) -> None:
    aws.misbehave("sqs:SendMessage", "twice", to=CLINICIAN)
    reply(aws)
    reply(aws, number=COLLEAGUE)
    first, again, other = queue.receive()
    assert first["Body"] == again["Body"] != other["Body"]
    assert first["MessageId"] != again["MessageId"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [("throttle", "RequestThrottled"), ("error", "InternalError"), ("reject", "AccessDeniedException")],
)
def test_the_queue_can_fail(aws: AwsClients, queue: Queue, kind: str, code: str) -> None:
    aws.misbehave("sqs:ReceiveMessage", kind, times=1)
    with pytest.raises(ClientError) as failed:
        queue.receive()
    assert failed.value.response["Error"]["Code"] == code
    assert queue.receive() == []


def test_an_answer_may_be_lost_after_messages_were_taken(aws: AwsClients, queue: Queue) -> None:
    reply(aws)
    aws.misbehave("sqs:ReceiveMessage", "error_after", times=1)
    with pytest.raises(ClientError):
        queue.receive(VisibilityTimeout=1)
    assert queue.receive() == []
    assert len(queue.receive(wait=5)) == 1


def is_opted_out(aws: AwsClients, number: str = CLINICIAN) -> bool:
    said: bool = aws.sns.check_if_phone_number_is_opted_out(phoneNumber=number)["isOptedOut"]
    listed = number in aws.sns.list_phone_numbers_opted_out()["phoneNumbers"]
    assert said is listed is (number in aws.get("/handset").json()["opted_out"])
    return said


def test_who_replies_stop_gets_no_sms_any_more_although_sns_takes_them(aws: AwsClients, queue: Queue) -> None:
    assert not is_opted_out(aws)
    reply(aws, "Stop it")
    assert is_opted_out(aws)
    assert not is_opted_out(aws, COLLEAGUE)
    assert [body["messageBody"] for body in bodies(queue.receive())] == ["Stop it"], "Bleep gets it, too"

    assert aws.sns.publish(PhoneNumber=CLINICIAN, Message="Dropped")["MessageId"]
    aws.sns.publish(PhoneNumber=COLLEAGUE, Message="Another's")
    assert [each["text"] for each in aws.get("/messages").json()] == ["Another's"]

    reply(aws, " start ")
    assert not is_opted_out(aws)
    aws.sns.publish(PhoneNumber=CLINICIAN, Message="Here again")
    assert aws.get("/messages").json()[0]["text"] == "Here again"


def test_a_word_that_only_begins_like_stop_opts_nobody_out(aws: AwsClients) -> None:
    reply(aws, "Stopping at ward 4, then 1 4821")
    assert not is_opted_out(aws)


def test_another_queue_does_not_exist(aws: AwsClients, queue: Queue) -> None:
    with pytest.raises(ClientError) as missing:
        queue.client.receive_message(QueueUrl=f"{queue.url}-of-others", WaitTimeSeconds=20)
    assert "NonExistentQueue" in missing.value.response["Error"]["Code"]


def test_clearing_the_messages_empties_the_queue(aws: AwsClients, queue: Queue) -> None:
    reply(aws, "STOP")
    assert [each["text"] for each in aws.get("/handset").json()["replies"]] == ["STOP"]
    aws.delete("/messages")
    assert queue.receive() == []
    assert aws.get("/handset").json() == {"voicemails": [], "replies": [], "opted_out": []}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"number": "ward 5", "text": "1"}, "Give 'number' in E.164 format, such as +447700900001."),
        ({"number": CLINICIAN}, "Give 'text' as a text of 1 to 1600 characters."),
        ({"number": CLINICIAN, "text": " "}, "Give 'text' as a text of 1 to 1600 characters."),
        ({"number": CLINICIAN, "text": "x" * 1601}, "Give 'text' as a text of 1 to 1600 characters."),
        ({"number": CLINICIAN, "text": 1}, "Give 'text' as a text of 1 to 1600 characters."),
        (["1 4821"], "Give a JSON object with 'number' and 'text'."),
    ],
)
def test_an_invalid_reply_is_refused(aws: AwsClients, queue: Queue, body: object, sentence: str) -> None:
    refused = aws.post("/handset/reply", body)
    assert refused.status_code == 400
    assert refused.text == f"{sentence}\n"
    assert queue.receive() == []
