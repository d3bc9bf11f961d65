"""The faults of `make chaos`: scheduled from a seed, then injected into a running Bleep."""

import json
import os
import random
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from bench.people import Person
from bench.stack import WORKERS, Stack

RELAYS = ("relay-1", "relay-2")
FIRST = 1.0
"""Seconds before the first fault."""
OPENING_BETWEEN = (1.0, 1.3)
"""Seconds between faults at the start, so that one of each kind happens within 15 seconds."""
BETWEEN = (0.7, 1.9)
"""Seconds between later faults."""
START_AFTER = (0.2, 3.0)
"""Seconds until a killed part is started again."""
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
"""Temporary faults of an AWS service: the kind (`sandbox.aws.faults`) and its options."""
SERVICES = ("sns", "connect")
LOSES_ANSWERS = ("error_after", "reset_after", "hang_after")
"""Faults in which AWS accepts a message, but its answer is lost."""
ENDS = {"kill": "start", "stop": "start", "freeze": "thaw", "spell": "calm"}
"""The action that ends each fault."""


class ScheduledAction(NamedTuple):
    """One action, `at` seconds after the start."""

    at: float
    action: str
    target: str

    @property
    def harmful(self) -> bool:
        """Whether it breaks something, rather than repairs it."""
        return self.action not in ("start", "thaw", "calm")


@dataclass
class MishapSchedule:
    """All actions by time."""

    steps: list[ScheduledAction]

    @property
    def seconds(self) -> float:
        """The time of the last action."""
        return max((step.at for step in self.steps), default=0.0)


def schedule(seconds: float, dice: random.Random, *, lease: float) -> MishapSchedule:
    """Faults for `seconds`. A frozen part is resumed later, since it must outlast its lease.

    The start has one fault of each kind, so that a run of 15 seconds has them all. Later faults are random. A fault
    whose target is down or frozen waits until it is back.
    """
    steps: list[ScheduledAction] = []
    busy: dict[str, float] = {}
    now = FIRST
    deck, between = _opening(dice), OPENING_BETWEEN
    while now < seconds:
        card = next((each for each in deck if all(busy.get(held, 0.0) <= now for held in _held(*each))), None)
        if card is None:
            deck = [*deck, *_deck(dice)]
        else:
            lasting = _lasting(*card, dice, lease)
            steps.append(ScheduledAction(now, *card))
            if card[0] in ENDS:
                steps.append(ScheduledAction(now + lasting, ENDS[card[0]], card[1]))
            busy |= dict.fromkeys(_held(*card), now + lasting + 1.0)
            deck.remove(card)
        now += dice.uniform(*between)
        if not deck:
            deck, between = _deck(dice), BETWEEN
    return MishapSchedule(sorted(steps))


def _held(action: str, target: str) -> Sequence[str]:
    """The targets that must have no other fault at the same time."""
    # Freeze one of two relays or workers at a time: with both frozen, nothing would happen.
    return (target, _kind(target)) if action == "freeze" else (target,)


def _kind(target: str) -> str:
    return f"any {target.partition('-')[0]}"


def _lasting(action: str, target: str, dice: random.Random, lease: float) -> float:
    """Seconds until the fault ends."""
    match action:
        case "freeze" if target != "redis":
            return lease + 2.0
        case "spell":
            return dice.uniform(*AWS_SPELL)
        case "flush":
            return 0.0
        case _:
            return dice.uniform(*START_AFTER)


def _opening(dice: random.Random) -> list[tuple[str, str]]:
    """One of each kind. Each has its own target (except Redis, which is flushed first), so none has to wait."""
    workers, relays = (dice.sample(names, k=2) for names in (WORKERS, RELAYS))
    # Freeze while messages are being sent, some for the second time; flush while some are queued.
    first = [
        ("spell", f"sns:{dice.choice(LOSES_ANSWERS)}"),
        ("spell", "sns:delay"),
        ("freeze", workers[0]),
        ("freeze", relays[0]),
        ("flush", "redis"),
    ]
    rest = [
        ("kill", "redis"),
        (dice.choice(("stop", "kill")), "postgres"),
        ("kill", relays[1]),
        ("kill", workers[1]),
        ("kill", "web-api"),
        ("spell", f"connect:{dice.choice(tuple(SPELLS))}"),
    ]
    dice.shuffle(rest)
    return [*first, *rest]


def _deck(dice: random.Random) -> list[tuple[str, str]]:
    """One of every fault, shuffled."""
    deck = [
        *(("kill", name) for name in (*WORKERS, *RELAYS, "door", "web-api", "redis", "postgres")),
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
    """Injects the faults into a stack, and repairs all of them at the end."""

    def __init__(self, stack: Stack, people: Sequence[Person], seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.latest = ""
        self._stack = stack
        self._seed = seed
        self._spells: list[str] = []
        self._lasting = _unlucky(people)
        self._frozen: set[str] = set()
        self.away: set[str] = set()
        """Parts that were killed and are not running again."""
        self._set_faults()

    def do(self, step: ScheduledAction) -> None:
        """Run one action."""
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
        """Repair everything: nothing is frozen or down, and AWS works."""
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
        """PostgreSQL's immediate shutdown: it cuts connections, and the next start recovers from the log."""
        self.away.add("postgres")
        postgres = self._stack.postgres
        if postgres.pid is not None:
            os.kill(postgres.pid, signal.SIGQUIT)

    def _start(self, name: str) -> None:
        if name == "postgres":
            if name in self.away:
                self._stack.postgres.kill()  # start() does nothing while the old process is still stopping
            self._stack.postgres.start()
        elif name == "redis":
            self._stack.redis.start()
        else:
            self._stack.start(name)
        self.away.discard(name)

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
        """Give the stand-in exactly the current faults."""
        self._stack.aws("DELETE", "/faults")
        for fault in [*self._lasting, *map(_fault, self._spells)]:
            seeded = {**fault, "seed": self._seed} if "probability" in fault else fault
            self._stack.aws("POST", "/faults", json.dumps(seeded).encode())


def _fault(spell: str) -> dict[str, Any]:
    service, _, name = spell.partition(":")
    operation = "connect:StartOutboundVoiceContact" if name == "no_answer" else f"{service}:*"
    return {"operation": operation, "kind": name, **SPELLS[name]}


def _unlucky(people: Sequence[Person]) -> list[dict[str, Any]]:
    """Permanent faults: a few people whom one channel never reaches."""
    publish, ring = "sns:Publish", "connect:StartOutboundVoiceContact"
    refused, opted_out, no_calls, busy, pending = people[:5]
    return [
        {"operation": publish, "kind": "reject", "to": refused.sms_number},
        {"operation": publish, "kind": "reject", "to": opted_out.sms_number, "code": "OptedOut"},
        {"operation": ring, "kind": "reject", "to": no_calls.call_number},
        {"operation": ring, "kind": "busy", "to": busy.call_number},
        {"operation": "sns:Subscribe", "kind": "pending", "to": pending.email},
    ]
