"""Queues of SQS that Bleep reads: replies to SMS, which come through an SNS topic, and events of calls."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.channels import aws

WAIT_SECONDS = 10
"""Seconds of a long poll: SQS answers as soon as there is a message, or after this time."""
READ_SECONDS = WAIT_SECONDS + aws.READ_SECONDS
HIDDEN_SECONDS = 30
"""Seconds for which nobody else gets a message that was received. Then SQS delivers it again, unless it was deleted."""
AT_ONCE = 10


@dataclass(frozen=True)
class Received:
    """A message from a queue, as it came."""

    message_id: str
    body: str
    receipt: str
    sent_at: datetime | None
    """When the message came into the queue, by AWS's clock."""


def receive(url: str) -> list[Received]:
    """The messages in the queue. Waits up to `WAIT_SECONDS` for one. Raises ChannelError."""
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
    """Delete a message that is dealt with. Raises ChannelError; then the message comes again."""
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
