"""Everything that goes wrong in `make chaos`: planned beforehand from a seed, and then done to a running Bleep."""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.cast import Person
from bench.stack import WORKERS, Stack

RELAYS = ("relay-1", "relay-2")
FIRST = 1.0
"""Seconds of peace at the beginning."""
BETWEEN = (0.7, 1.9)
"""Seconds from one mishap to the next."""
START_AFTER = (0.2, 3.0)
"""Seconds for which a part that was killed stays away."""
AWS_SPELL = (2.0, 5.0)
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
"""How one of AWS's services misbehaves for a while: the stand-in's word for it (`sandbox.aws.faults`), and how much."""
SERVICES = ("sns", "connect")
ENDS = {"kill": "start", "stop": "start", "freeze": "thaw", "spell": "calm"}
"""What ends a mishap."""


class Step(NamedTuple):
    """One thing to do, so many seconds after the beginning."""

    at: float
    action: str
    target: str

    @property
    def harmful(self) -> bool:
        """Whether it makes something worse, and not better again."""
        return self.action not in ("start", "thaw", "calm")


@dataclass
class Plan:
    """The steps in the order of their time."""

    steps: list[Step]

    @property
    def seconds(self) -> float:
        """When the last step is done."""
        return max((step.at for step in self.steps), default=0.0)


def plan(seconds: float, dice: random.Random, *, lease: float) -> Plan:
    """Mishaps for so many seconds; what is frozen then is thawed later, since it must outlast its lease.

    Every kind comes once before any comes again, so that a short run has them all.
    """
    steps: list[Step] = []
    busy: dict[str, float] = {}
    now = FIRST
    # Freezing takes longest, so it begins; and it is to catch messages on their way, some of them for the second time.
    deck = [
        ("spell", "sns:error_after"),
        ("spell", "sns:delay"),
        ("freeze", dice.choice(WORKERS)),
        ("freeze", dice.choice(RELAYS)),
    ]
    while now < seconds:
        if not deck:
            deck = _deck(dice)
        action, target = deck.pop(0)
        # Of two parts of a kind one at a time is frozen: with both, nothing would happen that could go wrong.
        held = (target, _kind(target)) if action == "freeze" else (target,)
        if any(busy.get(each, 0.0) > now for each in held):
            continue
        lasting = _lasting(action, target, dice, lease)
        steps.append(Step(now, action, target))
        if action in ENDS:
            steps.append(Step(now + lasting, ENDS[action], target))
        busy |= dict.fromkeys(held, now + lasting + 1.0)
        now += dice.uniform(*BETWEEN)
    return Plan(sorted(steps))


def _kind(target: str) -> str:
    return f"any {target.partition('-')[0]}"


def _lasting(action: str, target: str, dice: random.Random, lease: float) -> float:
    """Seconds until the mishap ends."""
    match action:
        case "freeze" if target != "redis":
            return lease + 2.0
        case "spell":
            return dice.uniform(*AWS_SPELL)
        case "flush":
            return 0.0
        case _:
            return dice.uniform(*START_AFTER)


def _deck(dice: random.Random) -> list[tuple[str, str]]:
    """One of everything, shuffled."""
    deck = [
        *(("kill", name) for name in (*WORKERS, *RELAYS, "web", "redis", "postgres")),
        ("freeze", dice.choice((*WORKERS, *RELAYS))),
        ("freeze", "redis"),
        ("flush", "redis"),
        ("stop", "postgres"),
        *(("spell", f"{dice.choice(SERVICES)}:{name}") for name in SPELLS if name != "no_answer"),
        ("spell", "connect:no_answer"),
    ]
    dice.shuffle(deck)
    return deck


class Mishaps:
    """Does the steps to a stack, and undoes all of them in the end."""

    def __init__(self, stack: Stack, cast: Sequence[Person], seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.latest = ""
        self._stack = stack
        self._seed = seed
        self._spells: list[str] = []
        self._lasting = _unlucky(cast)
        self._frozen: set[str] = set()
        self.away: set[str] = set()
        """What was killed and is not back yet."""
        self._set_faults()

    def do(self, step: Step) -> None:
        """Carry one step out."""
        {
            "kill": self._kill,
            "stop": self._stop,
            "start": self._start,
            "freeze": self._freeze,
            "thaw": self._thaw,
            "flush": self._flush,
            "spell": self._begin_spell,
            "calm": self._end_spell,
        }[step.action](step.target)
        if step.harmful:
            self.latest = f"{step.action} {step.target}"
            self.done[self.latest] += 1

    def undo_all(self) -> None:
        """Everything is well again: nothing frozen, nothing away, and AWS as it should be."""
        self._spells.clear()
        self._lasting.clear()
        self._set_faults()
        for name in list(self._frozen):
            self._thaw(name)
        for name in ("postgres", "redis", *self._stack.parts):
            self._start(name)

    def _kill(self, name: str) -> None:
        self.away.add(name)
        if name == "postgres":
            self._stack.postgres.kill()
        elif name == "redis":
            self._stack.redis.kill()
        else:
            self._stack.kill(name)

    def _stop(self, _name: str) -> None:
        """PostgreSQL's immediate shutdown: connections are cut, and the next start recovers from the log."""
        postgres = self._stack.postgres
        if postgres.pid is not None:
            os.kill(postgres.pid, signal.SIGQUIT)

    def _start(self, name: str) -> None:
        self.away.discard(name)
        if name == "postgres":
            if self._stack.postgres.pid is not None:
                return
            self._stack.postgres.start()
        elif name == "redis":
            self._stack.redis.start()
        else:
            self._stack.start(name)

    def _freeze(self, name: str) -> None:
        self._frozen.add(name)
        if name == "redis":
            self._signal_redis(signal.SIGSTOP)
        else:
            self._stack.freeze(name)

    def _thaw(self, name: str) -> None:
        self._frozen.discard(name)
        if name == "redis":
            self._signal_redis(signal.SIGCONT)
        else:
            self._stack.thaw(name)

    def _signal_redis(self, number: signal.Signals) -> None:
        if self._stack.redis.pid is not None:
            os.kill(self._stack.redis.pid, number)

    def _flush(self, _name: str) -> None:
        self._stack.flush_redis()

    def _begin_spell(self, name: str) -> None:
        self._spells.append(name)
        self._set_faults()

    def _end_spell(self, name: str) -> None:
        if name in self._spells:
            self._spells.remove(name)
        self._set_faults()

    def _set_faults(self) -> None:
        """AWS misbehaves in these ways and no others."""
        self._stack.aws("DELETE", "/faults")
        for fault in [*self._lasting, *map(_fault, self._spells)]:
            seeded = {**fault, "seed": self._seed} if "probability" in fault else fault
            self._stack.aws("POST", "/faults", json.dumps(seeded).encode())


def _fault(spell: str) -> dict[str, Any]:
    service, _, name = spell.partition(":")
    operation = "connect:StartOutboundVoiceContact" if name == "no_answer" else f"{service}:*"
    return {"operation": operation, "kind": name, **SPELLS[name]}


def _unlucky(cast: Sequence[Person]) -> list[dict[str, Any]]:
    """A few people whom one of the channels does not reach all the time."""
    publish, ring = "sns:Publish", "connect:StartOutboundVoiceContact"
    refused, opted_out, no_calls, busy, pending = cast[:5]
    return [
        {"operation": publish, "kind": "reject", "to": refused.sms_number},
        {"operation": publish, "kind": "reject", "to": opted_out.sms_number, "code": "OptedOut"},
        {"operation": ring, "kind": "reject", "to": no_calls.call_number},
        {"operation": ring, "kind": "busy", "to": busy.call_number},
        {"operation": "sns:Subscribe", "kind": "pending", "to": pending.email},
    ]
