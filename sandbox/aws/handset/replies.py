"""Replies to SMS, as AWS End User Messaging passes them on from a two-way number."""

import json
import uuid
from collections import deque
from typing import Any

from sandbox.aws.faults import REPLY_KINDS, Faults
from sandbox.aws.messages import Messages, utc_now
from sandbox.aws.sns import Sns
from sandbox.aws.sqs import Sqs
from sandbox.queues import ORIGINATION_NUMBER, REPLY_QUEUE

_KEYWORD = "STAFFALERT"
_SHOWN = 1_000


class Replies:
    """Puts replies into the queue, and keeps the newest for the page. Thread-safe."""

    def __init__(self, messages: Messages, faults: Faults, sns: Sns, sqs: Sqs) -> None:
        self._messages = messages
        self._faults = faults
        self._sns = sns
        self._sqs = sqs
        self._newest: deque[dict[str, Any]] = deque(maxlen=_SHOWN)

    def send(self, number: str, text: str) -> dict[str, Any]:
        """Reply to the last SMS at this number. Returns what is put into the queue: twice, if a fault says so.

        https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html
        """
        self._sns.hear(number, text)
        last = self._messages.last_sms_to(number)
        origin = last.sms_attributes.get("AWS.MM.SMS.OriginationNumber") if last else None
        payload = {
            "originationNumber": number,
            "destinationNumber": origin or ORIGINATION_NUMBER,
            "messageKeyword": _KEYWORD,
            "messageBody": text,
            "inboundMessageId": str(uuid.uuid4()),
        }
        if last is not None:
            payload["previousPublishedMessageId"] = last.provider_id
        twice = self._faults.meet("sqs:SendMessage", lambda: (number,), REPLY_KINDS)
        for _ in range(1 if twice is None else 2):
            self._sqs.put(REPLY_QUEUE, json.dumps(payload))
        at = utc_now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._newest.append({"at": at, "number": number, "text": text, "id": payload["inboundMessageId"]})
        return payload

    def newest(self) -> list[dict[str, Any]]:
        """The newest replies, oldest first, ready for JSON."""
        return list(self._newest)

    def opted_out(self) -> list[str]:
        """The numbers that replied STOP: no SMS reaches them."""
        return self._sns.opted_out

    def clear(self) -> None:
        """Delete the replies, also in the queue, and forget who opted out."""
        self._newest.clear()
        self._sqs.clear()
        self._sns.opt_all_in()
