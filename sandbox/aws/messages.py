"""Messages that reached a person: SMS, e-mails and calls, newest first."""

import itertools
import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

CAPACITY = 20_000

ChannelName = Literal["call", "sms", "email"]
CallOutcome = Literal["answered", "busy", "no_answer"]
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class ReceivedMessage:
    """One call, SMS or e-mail.

    `text` is the exact text that was sent; `spoken` is what a call says, with digits one by one. `outcome` is set for
    calls only: nobody heard the text of an unanswered call.
    """

    channel: ChannelName
    to: str
    text: str
    provider_id: str
    subject: str | None = None
    sender: str | None = None
    spoken: str | None = None
    outcome: CallOutcome | None = None
    client_token: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    sms_attributes: Mapping[str, str] = field(default_factory=dict)
    topic_arn: str | None = None

    def matches(self, term: str) -> bool:
        """Whether the term is in its text, or in the number or address that it went to."""
        fields = (self.to, self.text, self.subject, self.sender, self.spoken)
        digits = re.sub(r"[\s().-]", "", term).removeprefix("0")
        is_number = digits.lstrip("+").isdigit() and digits in self.to
        return is_number or any(term.casefold() in field.casefold() for field in fields if field)

    @property
    def arrived(self) -> bool:
        """Whether a person got it."""
        return self.outcome in (None, "answered")


@dataclass(frozen=True)
class _Entry:
    number: int
    at: str
    message: ReceivedMessage

    def as_json(self) -> dict[str, Any]:
        return {"id": self.number, "at": self.at, **asdict(self.message)}


class Messages:
    """The newest messages, in memory. Thread-safe."""

    def __init__(self, now: Clock = utc_now, capacity: int = CAPACITY) -> None:
        self._now = now
        self._entries: deque[_Entry] = deque(maxlen=capacity)
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
            self._entries.appendleft(_Entry(next(self._numbers), at, message))
            self._changed()

    def heard(self, provider_id: str, spoken: str) -> None:
        """Record what a call has said so far."""
        with self._lock:
            for position, entry in enumerate(self._entries):
                if entry.message.provider_id == provider_id and entry.message.spoken != spoken:
                    self._entries[position] = replace(entry, message=replace(entry.message, spoken=spoken))
                    self._changed()

    def clear(self) -> None:
        """Forget all messages."""
        with self._lock:
            self._entries.clear()
            self._changed()

    def newest(
        self, limit: int | None = None, *, missed: bool = False, find: str = "", before: int | None = None
    ) -> tuple[list[dict[str, Any]], int]:
        """List what arrived, newest first, ready for JSON, and count all that match.

        With `missed`, calls that nobody answered too; with `find`, what has it in number, address or text; with
        `before`, the page after the message with this id.
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
