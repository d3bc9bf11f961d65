"""AWS: it hangs, its services have spells of faults, and some people are never reached over a channel."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.load.people import Person
from bench.stack import AWS, Stack

HANG = 12.0
"""Seconds: longer than Bleep waits for an answer."""

SPELLS: dict[str, dict[str, Any]] = {
    "throttle": {"probability": 0.6},
    "error": {"probability": 0.6},
    "error_after": {"probability": 0.5},
    "reset_after": {"probability": 0.5},
    "hang_before": {"seconds": HANG, "times": 3},
    "hang_after": {"seconds": HANG, "times": 3},
    "delay": {"seconds": 2.0, "probability": 0.7},
    "reject": {"probability": 0.3},
    "no_answer": {"probability": 0.5},
    "outage": {"kind": "error"},
}
"""Temporary faults of an AWS service: the kind (`sandbox.aws.faults`) and its options."""
ALWAYS: Sequence[dict[str, Any]] = ({"operation": "sqs:SendMessage", "kind": "twice"},)
"""SQS may deliver each message more than once."""


class Provider:
    """The mishaps of the stand-in for AWS."""

    def __init__(self, stack: Stack, people: Sequence[Person], seed: int) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "spell": self._begin,
            "calm": self._end,
            "freeze": self._freeze,
            "thaw": self._thaw,
        }
        self._stack = stack
        self._seed = seed
        self._spells: list[str] = []
        self._lasting = _unlucky(people)
        self._frozen = False
        self._set_faults()

    def undo(self) -> None:
        """Repair: nothing is wrong with AWS, nor with anybody's address. Replies still come twice."""
        self._spells.clear()
        self._lasting.clear()
        self._thaw(AWS)

    def _freeze(self, _name: str) -> None:
        """Freeze AWS: it takes connections and does not answer. Later it carries out requests that came meanwhile, even
        if nobody waits.
        """
        self._frozen = True
        self._stack.freeze(AWS)

    def _thaw(self, _name: str) -> None:
        self._stack.thaw(AWS)
        self._frozen = False
        self._set_faults()

    def _begin(self, spell: str) -> None:
        self._spells.append(spell)
        self._set_faults()

    def _end(self, spell: str) -> None:
        if spell in self._spells:
            self._spells.remove(spell)
        self._set_faults()

    def _set_faults(self) -> None:
        """Give the stand-in exactly the current faults. If it is frozen, do so once it is not."""
        if self._frozen:
            return
        faults = [*ALWAYS, *self._lasting, *map(_fault, self._spells)]
        self._stack.misbehave(
            *({**fault, "seed": self._seed} if "probability" in fault else fault for fault in faults)
        )


def _fault(spell: str) -> dict[str, Any]:
    service, _, name = spell.partition(":")
    operation = "connect:StartOutboundVoiceContact" if name == "no_answer" else f"{service}:*"
    return {"operation": operation, "kind": name, **SPELLS[name]}


def _unlucky(people: Sequence[Person]) -> list[dict[str, Any]]:
    """Permanent faults: a few people whom one channel never reaches."""
    publish, ring = "sns:Publish", "connect:StartOutboundVoiceContact"
    refused, opted_out, no_calls, busy = people[:4]
    return [
        {"operation": publish, "kind": "reject", "to": refused.sms_number},
        {"operation": publish, "kind": "reject", "to": opted_out.sms_number, "code": "OptedOut"},
        {"operation": ring, "kind": "reject", "to": no_calls.call_number},
        {"operation": ring, "kind": "busy", "to": busy.call_number},
    ]
