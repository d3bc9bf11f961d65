"""Messages that reached a person: SMS, e-mails and calls, newest first."""

import itertools
import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

CAPACITY = 20_000

ChannelName = Literal["call", "sms", "email"]
CallState = Literal["ringing", "connected", "ended"]
CallOutcome = Literal["answered", "rejected", "busy", "no_answer", "stopped"]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Line:
    """One line of a call's transcript: a prompt of the contact flow, or a key that the person pressed."""

    who: Literal["flow", "person"]
    text: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a call. `outcome` is None while it rings; `voicemail` says whether a voicemail picked it up."""

    state: CallState
    outcome: CallOutcome | None = None
    transcript: tuple[Line, ...] = ()
    voicemail: bool = False

    @property
    def spoken(self) -> str | None:
        """The text spoken so far, with digits one by one. None if nobody listened."""
        return " ".join(line.text for line in self.transcript if line.who == "flow") or None


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """One call, SMS or e-mail. `text` is exactly the text that was sent. A call also has `progress`."""

    channel: ChannelName
    to: str
    text: str
    provider_id: str
    subject: str | None = None
    sender: str | None = None
    progress: Progress | None = None
    client_token: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    sms_attributes: Mapping[str, str] = field(default_factory=dict)
    topic_arn: str | None = None

    def matches(self, term: str) -> bool:
        """Whether the term is in the text, or in the number or address of the recipient."""
        fields = (self.to, self.text, self.subject, self.sender, self.progress and self.progress.spoken)
        digits = re.sub(r"[\s().-]", "", term).removeprefix("0")
        is_number = digits.lstrip("+").isdigit() and digits in self.to
        return is_number or any(term.casefold() in field.casefold() for field in fields if field)

    @property
    def arrived(self) -> bool:
        """Whether a person got it, or could still answer."""
        return self.progress is None or self.progress.outcome in (None, "answered")

    def as_json(self) -> dict[str, Any]:
        """All fields, flat. Those of calls are None for other messages."""
        members = asdict(self)
        progress = members.pop("progress") or dict.fromkeys(_OF_CALLS)
        return {**members, **progress, "spoken": self.progress.spoken if self.progress else None}


_OF_CALLS = tuple(each.name for each in fields(Progress))


@dataclass
class _Entry:
    number: int
    at: str
    message: ReceivedMessage

    def as_json(self) -> dict[str, Any]:
        return {"id": self.number, "at": self.at, **self.message.as_json()}


class Messages:
    """The newest messages, in memory. Thread-safe."""

    def __init__(self, now: Clock = utc_now, capacity: int = CAPACITY) -> None:
        self._now = now
        self._entries: deque[_Entry] = deque()
        self._capacity = capacity
        self._calls: dict[str, _Entry] = {}
        # Starts at the time, so that an open page does not confuse messages with those of an earlier run.
        self._numbers = itertools.count(int(now().timestamp() * 1000))
        self._lock = Lock()
        self._version = ""
        self._changed()

    @property
    def version(self) -> str:
        """An ETag: it changes with every change."""
        return self._version

    def add(self, message: ReceivedMessage) -> None:
        """Record a message; the time is taken here, so that the order and the times agree."""
        with self._lock:
            at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
            entry = _Entry(next(self._numbers), at, message)
            self._entries.appendleft(entry)
            if message.progress is not None:
                self._calls[message.provider_id] = entry
            if len(self._entries) > self._capacity:
                self._calls.pop(self._entries.pop().message.provider_id, None)
            self._changed()

    def record(self, provider_id: str, progress: Progress) -> None:
        """Record the progress of a call. A deleted call stays deleted."""
        with self._lock:
            entry = self._calls.get(provider_id)
            if entry is not None and entry.message.progress != progress:
                entry.message = replace(entry.message, progress=progress)
                self._changed()

    def last_sms_to(self, number: str) -> ReceivedMessage | None:
        """The newest SMS that this number got, or None."""
        with self._lock:
            sms = (entry.message for entry in self._entries if entry.message.channel == "sms")
            return next((message for message in sms if message.to == number), None)

    def clear(self) -> None:
        """Forget all messages."""
        with self._lock:
            self._entries.clear()
            self._calls.clear()
            self._changed()

    def newest(
        self, limit: int | None = None, *, missed: bool = False, find: str = "", before: int | None = None
    ) -> tuple[list[dict[str, Any]], int]:
        """List the messages that arrived, newest first, ready for JSON, and count all that match.

        `missed` includes calls that nobody answered. `find` limits the list to a number, address or text. `before`
        gives the page after the message with this id.
        """
        with self._lock:
            entries = list(self._entries)
        term = find.strip()
        found = [
            entry
            for entry in entries
            if (missed or entry.message.arrived) and (not term or entry.message.matches(term))
        ]
        page = (entry for entry in found if before is None or entry.number < before)
        return [entry.as_json() for entry in itertools.islice(page, limit)], len(found)

    def _changed(self) -> None:
        self._version = uuid.uuid4().hex
