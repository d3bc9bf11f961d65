"""Calls that were placed: the number, the outcome and the client token of each."""

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Protocol

from sandbox.aws.messages import CallOutcome, Clock, utc_now

OPERATIONS = (
    "StartOutboundVoiceContact",
    "DescribeContact",
    "GetContactAttributes",
    "UpdateContactAttributes",
    "StopContact",
)
"""The operations on calls, which can be made to fail."""
TOKEN_LIFETIME = timedelta(days=7)
"""The rule: "The token is valid for 7 days after creation", StartOutboundVoiceContact in the API reference."""
_CAPACITY = 20_000
_TOKEN_CAPACITY = 100_000

_REASONS: Mapping[CallOutcome, str] = {
    "answered": "CONTACT_FLOW_DISCONNECT",
    "busy": "TELECOM_BUSY",
    "no_answer": "TELECOM_TIMEOUT",
}
"""Voice reasons of https://docs.aws.amazon.com/connect/latest/adminguide/ctr-data-model.html"""
_STOPPED = "TELECOM_ORIGINATOR_CANCEL"


class Conversation(Protocol):
    """What goes on between the pick-up and the end of a call."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """The contact's attributes, with the answer once there is one."""

    def spoken(self, now: datetime) -> str:
        """What the person has heard so far."""

    def press(self, keys: str, now: datetime) -> None:
        """Press keys, one after the other."""

    def ended_at(self, now: datetime) -> datetime | None:
        """When the flow hung up, or None while it goes on."""


@dataclass
class Contact:
    """One call. It rings until `settles_at` and then has its outcome, unless it was stopped before.

    A call that was answered ends with its `conversation`, or at once where nobody is asked anything.
    """

    instance_id: str
    to: str
    outcome: CallOutcome
    started_at: datetime
    settles_at: datetime
    source: str | None = None
    queue_id: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    stopped_at: datetime | None = None
    conversation: Conversation | None = None
    contact_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def connected_at(self, now: datetime) -> datetime | None:
        """The time when it was answered, or None."""
        picked_up = self.outcome == "answered" and self.stopped_at is None and now >= self.settles_at
        return self.settles_at if picked_up else None

    def disconnected_at(self, now: datetime) -> datetime | None:
        """The time when it ended, or None while it rings."""
        if self.stopped_at is not None:
            return self.stopped_at
        if self.conversation is not None:
            return self.conversation.ended_at(now)
        return self.settles_at if now >= self.settles_at else None

    @property
    def disconnect_reason(self) -> str:
        """Connect's reason for its end. Valid once it has ended."""
        return _STOPPED if self.stopped_at is not None else _REASONS[self.outcome]

    def record(self, now: datetime) -> dict[str, Any]:
        """The call in DescribeContact's format."""
        connected, disconnected = self.connected_at(now), self.disconnected_at(now)
        arn = f"arn:aws:connect:eu-west-2:123456789012:instance/{self.instance_id}/contact/{self.contact_id}"
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
            "DisconnectReason": self.disconnect_reason if disconnected else None,
            "Attributes": self.attributes,
        }
        return {name: value for name, value in members.items() if value is not None}


class Contacts:
    """The newest calls and the client tokens of the last 7 days, in memory. Thread-safe."""

    def __init__(self, now: Clock = utc_now) -> None:
        self.now = now
        self._contacts: OrderedDict[str, Contact] = OrderedDict()
        self._tokens: OrderedDict[tuple[str, str], tuple[str, datetime]] = OrderedDict()
        # Held while a call is placed: two requests with the same token must not both ring.
        self.placing = Lock()

    def started_with(self, instance_id: str, token: str | None) -> str | None:
        """The contact that this token has started within its lifetime, or None. Hold `placing` meanwhile."""
        contact_id, at = self._tokens.get((instance_id, token or ""), (None, None))
        return contact_id if at is not None and self.now() - at < TOKEN_LIFETIME else None

    def place(self, contact: Contact, token: str | None) -> None:
        """Record a new call under its token. Hold `placing` meanwhile."""
        self._contacts[contact.contact_id] = contact
        if len(self._contacts) > _CAPACITY:
            self._contacts.popitem(last=False)
        if token:
            self._tokens[contact.instance_id, token] = (contact.contact_id, contact.started_at)
            self._tokens.move_to_end((contact.instance_id, token))
        if len(self._tokens) > _TOKEN_CAPACITY:
            self._tokens.popitem(last=False)

    def find(self, instance_id: str, contact_id: str) -> Contact | None:
        """The call with this id on this instance, or None."""
        contact = self._contacts.get(contact_id)
        return contact if contact is not None and contact.instance_id == instance_id else None

    def conversation_of(self, contact_id: str) -> Conversation | None:
        """The conversation of a call that was answered and wants an answer, or None."""
        contact = self._contacts.get(contact_id)
        return contact.conversation if contact is not None else None

    def number_of(self, contact_id: str) -> str | None:
        """The number of a call, or None."""
        contact = self._contacts.get(contact_id)
        return contact.to if contact is not None else None
