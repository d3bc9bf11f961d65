"""People who reply to SMS, and what they were asked."""

from typing import Any

import boto3
import requests
from django.conf import settings as django_settings

from alerts.models import Alert, Delivery, Engagement, InboundMessage
from alerts.relay.queue_reader import QueueReader
from alerts.responses import codes, sms_replies
from config.database import Lock
from contacts.choices import Channel
from sandbox.queues import reply_queue_url
from tests.aws import Aws

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
