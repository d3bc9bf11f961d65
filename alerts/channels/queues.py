"""Queues of SQS that Bleep reads: replies to SMS, which come through an SNS topic, and events of calls."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.channels import aws

WAIT_SECONDS = 10
"""A long poll: SQS answers as soon as there is a message, or after so long."""
READ_SECONDS = WAIT_SECONDS + aws.READ_SECONDS
HIDDEN_SECONDS = 30
"""For so long nobody else gets a message that was received. Then SQS gives it out again, unless it was deleted."""
AT_ONCE = 10


@dataclass(frozen=True)
class Received:
    """A message from a queue, as it came."""

    message_id: str
    body: str
    receipt: str
    sent_at: datetime | None
    """When it came into the queue, by AWS's clock."""


def receive(url: str) -> list[Received]:
    """What is in the queue, waiting for `WAIT_SECONDS` for something. Raises ChannelError."""
    client = aws.client("sqs", read_seconds=READ_SECONDS)
    with aws.translated():
        answer = client.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=AT_ONCE,
            WaitTimeSeconds=WAIT_SECONDS,
            VisibilityTimeout=HIDDEN_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp"],
        )
    return [_received(each) for each in answer.get("Messages", [])]


def delete(url: str, received: Received) -> None:
    """Take a message out of the queue: it is dealt with. Raises ChannelError; then it comes again."""
    client = aws.client("sqs", read_seconds=READ_SECONDS)
    with aws.translated():
        client.delete_message(QueueUrl=url, ReceiptHandle=received.receipt)


def _received(message: dict[str, Any]) -> Received:
    sent = message.get("Attributes", {}).get("SentTimestamp", "")
    return Received(
        message_id=message["MessageId"],
        body=message.get("Body", ""),
        receipt=message["ReceiptHandle"],
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent.isdecimal() else None,
    )
