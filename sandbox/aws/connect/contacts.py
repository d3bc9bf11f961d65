"""Calls that were placed: the number, the state and the client token of each."""

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import Any, Literal

from sandbox.aws.connect.flow import Conversation
from sandbox.aws.messages import CallOutcome, CallState, Clock, Line, Progress, utc_now
from sandbox.queues import ACCOUNT, REGION

TOKEN_LIFETIME = timedelta(days=7)
"""The rule: "The token is valid for 7 days after creation", StartOutboundVoiceContact in the API reference."""
_CAPACITY = 20_000
_TOKEN_CAPACITY = 100_000

_REASONS: Mapping[CallOutcome, str] = {
    "answered": "CONTACT_FLOW_DISCONNECT",
    "rejected": "TELECOM_BUSY",
    "busy": "TELECOM_BUSY",
    "no_answer": "TELECOM_TIMEOUT",
    "stopped": "TELECOM_ORIGINATOR_CANCEL",
}
"""Voice reasons of https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html. There is none for a
rejected call: a mobile that rejects one sends the busy signal."""
_HUNG_UP = "CUSTOMER_DISCONNECT"


@dataclass
class Contact:
    """One call. It rings until somebody answers or rejects it, it is stopped, or nobody has answered in time.

    What changes it takes the time, and first does what became due meanwhile. Hold the lock of `Contacts`.
    """

    instance_id: str
    to: str
    started_at: datetime
    rings_until: datetime
    unanswered: Literal["busy", "no_answer"] = "no_answer"
    """Its outcome if it rings to the end."""
    source: str | None = None
    queue_id: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    contact_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    outcome: CallOutcome | None = None
    connected_at: datetime | None = None
    disconnected_at: datetime | None = None
    disconnect_reason: str | None = None
    voicemail: bool = False
    told: set[str] = field(default_factory=set)
    """The events that were sent of it."""
    _conversation: Conversation | None = None
    _transcript: tuple[Line, ...] = ()

    def state_at(self, now: datetime) -> CallState:
        """Its state at this time, which is not before the last one."""
        if self.disconnected_at is None and self.connected_at is None and now >= self.rings_until:
            self._end(self.unanswered, self.rings_until)
        if self._conversation is not None:
            self._transcript = self._conversation.transcript(now)
            if (ended := self._conversation.ended_at(now)) is not None:
                self._end("answered", ended)
        if self.disconnected_at is not None:
            return "ended"
        return "connected" if self.connected_at is not None else "ringing"

    def progress_at(self, now: datetime) -> Progress:
        """Its state, and what was said and pressed until this time."""
        state = self.state_at(now)
        return Progress(
            state=state, outcome=self.outcome, transcript=self._transcript, voicemail=self.voicemail
        )

    def answer(self, now: datetime, keys: str | None, *, voicemail: bool = False) -> None:
        """Pick it up while it rings. With `keys`, press one after each prompt, and then none: it is over at once."""
        self.outcome, self.connected_at, self.voicemail = "answered", now, voicemail
        self._conversation = Conversation(self.attributes, now)
        if keys is not None:
            self._conversation.press(keys, now)
            self._conversation.wait_out()
            self._transcript = self._conversation.transcript(now)
            self._end("answered", now)

    def press(self, keys: str, now: datetime) -> None:
        """Press keys while it is connected."""
        if self._conversation is not None:
            self._conversation.press(keys, now)

    def reject(self, now: datetime) -> None:
        """Reject it while it rings."""
        self._end("rejected", now)

    def hang_up(self, now: datetime) -> None:
        """The person ends it while it is connected."""
        self._end("answered", now, _HUNG_UP)

    def stop(self, now: datetime) -> None:
        """The caller ends it."""
        self._end(self.outcome or "stopped", now, _REASONS["stopped"])

    def event(self, kind: str, now: datetime) -> dict[str, Any]:
        """An event of the call as EventBridge passes it on.

        https://docs.aws.amazon.com/connect/latest/adminguide/contact-events.html
        """
        instance = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{self.instance_id}"
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Amazon Connect Contact Event",
            "source": "aws.connect",
            "account": ACCOUNT,
            "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "region": REGION,
            "resources": [instance, f"{instance}/contact/{self.contact_id}"],
            "detail": {
                "eventType": kind,
                "contactId": self.contact_id,
                "instanceArn": instance,
                "channel": "VOICE",
                "initiationMethod": "API",
            },
        }

    def record(self, now: datetime) -> dict[str, Any]:
        """The call in DescribeContact's format."""
        self.state_at(now)
        connected, disconnected = self.connected_at, self.disconnected_at
        arn = f"arn:aws:connect:{REGION}:{ACCOUNT}:instance/{self.instance_id}/contact/{self.contact_id}"
        members = {
            "Arn": arn,
            "Id": self.contact_id,
            "InitiationMethod": "API",
            "Channel": "VOICE",
            "InitiationTimestamp": self.started_at.timestamp(),
            "LastUpdateTimestamp": (disconnected or self.started_at).timestamp(),
            "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": self.to},
            "SystemEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": self.source} if self.source else None,
            "QueueInfo": {"Id": self.queue_id} if self.queue_id else None,
            "ConnectedToSystemTimestamp": connected.timestamp() if connected else None,
            "DisconnectTimestamp": disconnected.timestamp() if disconnected else None,
            "DisconnectReason": self.disconnect_reason,
            "Attributes": self.attributes,
        }
        return {name: value for name, value in members.items() if value is not None}

    def _end(self, outcome: CallOutcome, at: datetime, reason: str = "") -> None:
        self.outcome, self.disconnected_at = outcome, at
        self.disconnect_reason = reason or _REASONS[outcome]
        self._conversation = None


class Contacts:
    """The newest calls and the client tokens of the last 7 days, in memory. Hold `lock` meanwhile."""

    def __init__(self, now: Clock = utc_now) -> None:
        self.now = now
        # Two requests with the same token must not both ring, and two people not answer the same call.
        self.lock = RLock()
        self._contacts: OrderedDict[str, Contact] = OrderedDict()
        self._under_way: dict[str, Contact] = {}
        self._tokens: OrderedDict[tuple[str, str], tuple[str, datetime]] = OrderedDict()

    def started_with(self, instance_id: str, token: str | None) -> str | None:
        """The contact that this token has started within its lifetime, or None."""
        contact_id, at = self._tokens.get((instance_id, token or ""), (None, None))
        return contact_id if at is not None and self.now() - at < TOKEN_LIFETIME else None

    def place(self, contact: Contact, token: str | None) -> None:
        """Record a new call under its token."""
        self._contacts[contact.contact_id] = contact
        if contact.state_at(contact.started_at) != "ended":
            self._under_way[contact.contact_id] = contact
        if len(self._contacts) > _CAPACITY:
            self.has_ended(self._contacts.popitem(last=False)[1])
        if token:
            self._tokens[contact.instance_id, token] = (contact.contact_id, contact.started_at)
            self._tokens.move_to_end((contact.instance_id, token))
        if len(self._tokens) > _TOKEN_CAPACITY:
            self._tokens.popitem(last=False)

    def find(self, instance_id: str, contact_id: str) -> Contact | None:
        """The call with this id on this instance, or None."""
        contact = self._contacts.get(contact_id)
        return contact if contact is not None and contact.instance_id == instance_id else None

    def under_way(self) -> list[Contact]:
        """The calls that had not ended when they were last looked at, oldest first."""
        return list(self._under_way.values())

    def has_ended(self, contact: Contact) -> None:
        """Count it no longer among those under way."""
        self._under_way.pop(contact.contact_id, None)

    def number_of(self, contact_id: str) -> str | None:
        """The number of a call, or None."""
        contact = self._contacts.get(contact_id)
        return contact.to if contact is not None else None
