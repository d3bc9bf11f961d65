"""What a channel is given, what it returns and what it may raise.

No models here: channels are tested without a database.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from alerts.states import Reason, ResponseKind
from contacts.choices import Answer


def recipient(clinician_id: int) -> str:
    """An opaque name for a person, the same in all their messages: e-mail topics are named by it."""
    return f"clinician-{clinician_id}"


@dataclass(frozen=True)
class Message:
    """One message for one person, with the text for every channel."""

    delivery_id: str
    """Unique per delivery. Providers recognise a repeat by it."""
    recipient: str
    """An opaque name for the person: see `recipient`."""
    address: str
    """E.164, or an e-mail address."""
    subject: str
    """The subject of an e-mail: printable ASCII, one line, under 100 characters."""
    text: str
    """The text of an e-mail."""
    sms: str
    """The text of an SMS: the same as `text`, or cut."""
    obstacle: Reason | None
    """What keeps messages from this address, as far as the provider last said; None if nothing is known to."""
    subscription: str
    """The ARN of an e-mail address's subscription; empty if it has none."""
    spoken: str
    """Read aloud on a call."""
    spoken_digits: str
    """Read aloud after `spoken`, digit by digit."""
    wants_answer: bool
    """Whether the person is asked to take the alert on."""
    deadline: float
    """On the scale of `time.monotonic()`. A send that cannot finish by then must not start."""

    def require_time(self, seconds: float) -> None:
        """Raise ChannelError unless a provider call of this length ends before the deadline.

        Call it right before sending: after the lease, another worker may be sending the same message.
        """
        if time.monotonic() + seconds >= self.deadline:
            raise ChannelError(Fault.UNSENT, Reason.OUT_OF_TIME)


@dataclass(frozen=True)
class SendResult:
    """The provider took the message. Whether the handset gets it is not known yet."""

    provider_id: str
    address_works: bool = False
    """Whether this also shows that the address takes messages. SNS takes some that it then drops."""


@dataclass(frozen=True)
class Outcome:
    """What became of a message, as the provider says. Neither delivered nor undelivered: not known yet."""

    delivered: bool = False
    undelivered: Reason | None = None
    answer: ResponseKind | None = None
    """The person's answer, if they were asked to take the alert on."""
    answered_at: datetime | None = None
    """The latest time at which the answer can have been given, by the provider's clock."""
    ended: bool = False
    """Whether no answer can come any more."""


class Fault(Enum):
    """What a failed send means for the next step."""

    THROTTLED = auto()
    """Nothing was sent. Try later; this does not count as a try."""
    UNSENT = auto()
    """Nothing was sent. Try again."""
    REJECTED = auto()
    """Nothing was sent, and this channel will never send it."""
    UNKNOWN = auto()
    """It may have been sent."""


class ChannelError(Exception):
    """The provider did not take a message. Carries none of the provider's text, which quotes addresses."""

    def __init__(
        self, fault: Fault, reason: Reason, code: str = "", *, subscription: Answer | None = None
    ) -> None:
        super().__init__(f"{fault.name}: {reason.value} {code}".rstrip())
        self.fault = fault
        self.reason = reason
        self.code = code
        """The provider's own error code, or the exception's name where there was no answer."""
        self.subscription = subscription
        """The state of an e-mail address's subscription, if that kept the message back."""

    def report(self, log: Any, event: str, **more: str) -> None:
        """Log it: as an error if a setting is wrong, because then no retry helps."""
        level = log.error if self.reason is Reason.MISCONFIGURED else log.warning
        level(event, reason=self.reason.value, code=self.code, **more)


@dataclass(frozen=True)
class Budget:
    """`amount` messages in any `seconds`."""

    amount: int
    seconds: int

    @property
    def for_others(self) -> int:
        """The share that Medium and Low may use: three quarters, so that High always has room, but at least one."""
        return max(1, min(self.amount * 3 // 4, self.amount - 1))


@dataclass(frozen=True)
class Adapter:
    """Everything Bleep knows about one channel's provider."""

    send: Callable[[Message], SendResult]
    """Hand the message to the provider. Raises ChannelError."""
    budget: Callable[[], Budget]
    """How fast the provider may be used. Read from the settings each time."""
    budget_per_person: bool = False
    """Whether the budget is for each clinician instead of the account."""
    recognises_repeats: bool = False
    """Whether the provider answers a repeat with what it has already started, so that asking again is safe."""
    ask: Callable[[str], Outcome] | None = None
    """Asks what became of the message with this provider id, and what was answered. Raises ChannelError. None: the
    provider cannot be asked."""
    check_address: Callable[[str, str], Reason | None] | None = None
    """Asks what keeps messages from a recipient's address; None if nothing is known to. Sends nothing. Raises
    ChannelError where there was no answer. None: the provider cannot be asked."""
    address_is_good: str = ""
    """The sentence for staff if `check_address` found nothing."""
