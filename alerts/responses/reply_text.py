"""Reads a reply by SMS: who sent it, and whether it accepts or declines.

The known words are few, and the text must be one of them: an automatic reply that quotes our message accepts nothing.
STOP, END, CANCEL, QUIT, REMOVE and UNSUBSCRIBE are not among them: carriers and AWS take them for an opt-out.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from alerts.channels.queues import Received
from alerts.models import InboundMessage
from alerts.states import ResponseKind

WORDS: dict[str, ResponseKind] = {
    "1": ResponseKind.ACCEPT,
    "accept": ResponseKind.ACCEPT,
    "yes": ResponseKind.ACCEPT,
    "2": ResponseKind.DECLINE,
    "decline": ResponseKind.DECLINE,
    "no": ResponseKind.DECLINE,
}
OPT_OUT = frozenset({"stop", "stopall", "end", "cancel", "quit", "remove", "unsubscribe", "optout", "revoke"})
_STOP = re.compile(r"\W*stop\b", re.IGNORECASE)
_SAID = re.compile(rf"({'|'.join(WORDS)})([0-9]{{4}})?")
_BETWEEN = re.compile(r"[\W_]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_TEXT: int = InboundMessage._meta.get_field("text").max_length or 0  # noqa: SLF001 - public
_LONGEST_SENDER: int = InboundMessage._meta.get_field("sender").max_length or 0  # noqa: SLF001
_LONGEST_ID: int = InboundMessage._meta.get_field("provider_id").max_length or 0  # noqa: SLF001


@dataclass(frozen=True)
class Reply:
    """An SMS that came in."""

    provider_id: str
    """The provider's id, which is the same if AWS delivers the reply again."""
    sender: str
    text: str
    at: datetime | None


class Said(NamedTuple):
    """The meaning of a text."""

    kind: ResponseKind | None = None
    """None: not understood."""
    code: str = ""
    """Empty if there were no digits."""


def read(received: Received) -> Reply | None:
    """The reply in a message from the queue; None if the message is not a reply.

    https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html
    """
    payload = _payload(received.body)
    sender, text = payload.get("originationNumber"), payload.get("messageBody")
    if not (isinstance(sender, str) and sender and isinstance(text, str)):
        return None
    provider_id = payload.get("inboundMessageId")
    known = provider_id if isinstance(provider_id, str) and provider_id else received.message_id
    return Reply(
        provider_id=_clean(known, _LONGEST_ID),
        sender=_clean(sender, _LONGEST_SENDER),
        text=_clean(text, _LONGEST_TEXT),
        at=received.sent_at,
    )


def understand(text: str) -> Said:
    """The meaning of a text, in any letter case, with or without blanks and signs: `1 4821`, `Accept: 4821`, `yes`,
    `1-4821`.
    """
    found = _SAID.fullmatch(_plain(text))
    return Said(WORDS[found[1]], found[2] or "") if found else Said()


def is_opt_out(text: str) -> bool:
    """Whether carriers take the text for an opt-out. Bleep does not answer these."""
    return _plain(text) in OPT_OUT or opts_out_at_aws(text)


def opts_out_at_aws(text: str) -> bool:
    """Whether AWS sends no more SMS to the number: the text begins with STOP.

    https://docs.aws.amazon.com/sms-voice/latest/userguide/opt-out-list.html
    """
    return _STOP.match(text) is not None


def _plain(text: str) -> str:
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).casefold()


def _payload(body: str) -> dict[str, Any]:
    """The payload, also if the topic wraps it: an answer must not be lost because of a setting of the subscription."""
    payload = _json(body)
    wrapped = payload.get("Message")
    return _json(wrapped) if isinstance(wrapped, str) and payload.get("Type") == "Notification" else payload


def _json(body: str) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _clean(text: str, longest: int) -> str:
    """The text without characters that PostgreSQL cannot store, and cut to the length of its column."""
    return _CONTROL.sub("", text)[:longest]
