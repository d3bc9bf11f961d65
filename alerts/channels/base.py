"""What every channel is given, gives back and may raise. No models here: channels are tested without a database."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from alerts.states import Reason


@dataclass(frozen=True)
class Message:
    """One message for one person, rendered for all channels."""

    delivery_id: str
    """Unique to the delivery: the key by which a provider recognises a repeat."""
    recipient: str
    """An opaque name for the person, the same in every message to them."""
    address: str
    """E.164, or an e-mail address."""
    subject: str
    """For e-mail: printable ASCII, one line, under 100 characters."""
    text: str
    """For SMS and e-mail."""
    urgent: bool
    """Of High priority: worth a look beforehand at what would fail later."""
    spoken: str
    """Read aloud on a call."""
    spoken_digits: str
    """Read aloud after that, digit by digit."""
    deadline: float
    """On `time.monotonic()`'s scale: a send that cannot be completed by then must not begin."""

    def require_time(self, seconds: float) -> None:
        """Raise ChannelError unless a call to the provider that takes so long would end before the deadline.

        For right before the call that sends: after the lease somebody else may be sending the same message.
        """
        if time.monotonic() + seconds >= self.deadline:
            raise ChannelError(Fault.UNSENT, Reason.OUT_OF_TIME)


@dataclass(frozen=True)
class SendResult:
    """The provider has accepted the message; whether the handset gets it is another matter."""

    provider_id: str


@dataclass(frozen=True)
class Outcome:
    """What a receipt says. Neither of the two: it is not known yet."""

    delivered: bool = False
    undelivered: Reason | None = None


class Fault(Enum):
    """What a failed send means for the next step."""

    THROTTLED = auto()
    """Nothing was sent; try again later. Does not count as a try."""
    UNSENT = auto()
    """Nothing was sent; try again."""
    REJECTED = auto()
    """Nothing was sent, and this will never be sent over this channel."""
    UNKNOWN = auto()
    """It may have been sent."""


class ChannelError(Exception):
    """A message was not accepted. Carries no text of the provider's: such texts quote addresses."""

    def __init__(self, fault: Fault, reason: Reason, code: str = "") -> None:
        super().__init__(f"{fault.name}: {reason.value} {code}".rstrip())
        self.fault = fault
        self.reason = reason
        self.code = code
        """The provider's own error code, or the exception's name where there was no answer."""


Send = Callable[[Message], SendResult]
"""A channel: hand the message to the provider and return its receipt, or raise ChannelError."""

Ask = Callable[[str], Outcome]
"""Ask the provider what became of the message with this provider id, or raise ChannelError."""

Obstacle = Callable[[str, str], Reason | None]
"""Ask the provider what keeps messages from a recipient's address; None where it knows of nothing. Sends nothing, and
raises ChannelError where there was no answer."""
