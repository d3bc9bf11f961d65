"""Draws from a seed which mishap happens when. Pure: it breaks nothing itself."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bench.mishaps.database import TABLES
from bench.mishaps.provider import SPELLS
from bench.stack import WORKERS

RELAYS = ("relay-1", "relay-2")
FIRST = 1.0
"""Seconds before the first fault."""
OPENING_BETWEEN = (0.7, 0.9)
"""Seconds between faults at the start, so that one of each kind happens within 15 seconds."""
BETWEEN = (0.7, 1.9)
"""Seconds between later faults."""
START_AFTER = (0.2, 3.0)
"""Seconds until a killed part is started again."""
LASTING: dict[str, tuple[float, float]] = {
    "spell": (2.0, 5.0),
    "cancel": (2.0, 3.0),
    "read-only": (2.0, 5.0),
    "lock": (4.0, 8.0),
    "demote": (2.0, 4.0),
    "fill": (2.0, 4.0),
    "half-send": (3.0, 8.0),
    "shift": (10.0, 15.0),
    "restart": (30.0, 30.0),
    **dict.fromkeys(("flush", "terminate", "burst"), (0.0, 0.0)),
}
"""How many seconds a fault lasts, by its action; a fault without length may not come again for that long."""
AWS_FROZEN = (3.0, 14.0)
"""Seconds: sometimes longer than Bleep waits for an answer."""
SERVICES = ("sns", "connect", "sqs")
LOSES_ANSWERS = ("error_after", "reset_after", "hang_after")
"""Faults in which AWS accepts a message, but its answer is lost."""
SHIFTED = ("relay-2", "worker")
"""Parts whose clock may be wrong."""
ENDS = {
    "kill": "start",
    "stop": "start",
    "freeze": "thaw",
    "spell": "calm",
    "cancel": "allow",
    "read-only": "read-write",
    "lock": "unlock",
    "demote": "promote",
    "fill": "empty",
    "half-send": "hang-up",
    "shift": "reset",
}
"""The action that ends each fault. Others end by themselves."""


class ScheduledAction(NamedTuple):
    """One action, `at` seconds after the start."""

    at: float
    action: str
    target: str

    @property
    def harmful(self) -> bool:
        """Whether it breaks something, rather than repairs it."""
        return self.action not in ENDS.values()


@dataclass
class MishapSchedule:
    """All actions by time."""

    steps: list[ScheduledAction]

    @property
    def seconds(self) -> float:
        """The time of the last action."""
        return max((step.at for step in self.steps), default=0.0)


def schedule(seconds: float, dice: random.Random, *, lease: float, clocks: bool = True) -> MishapSchedule:
    """Faults for `seconds`. A frozen part is resumed later, since it must outlast its lease.

    The start has one fault of each kind, so that a run of 15 seconds has them all. Later faults are random. A fault
    whose target is down or frozen waits until it is back. `clocks`: whether clocks can be set wrong here.
    """
    steps: list[ScheduledAction] = []
    busy: dict[str, float] = {}
    now = FIRST
    deck, between = _opening(dice), OPENING_BETWEEN
    while now < seconds:
        card = next((each for each in deck if all(busy.get(held, 0.0) <= now for held in _held(*each))), None)
        if card is None:
            deck = [*deck, *_deck(dice, clocks=clocks)]
        else:
            lasting = _lasting(*card, dice, lease)
            steps.append(ScheduledAction(now, *card))
            if card[0] in ENDS:
                steps.append(ScheduledAction(now + lasting, ENDS[card[0]], card[1]))
            busy |= dict.fromkeys(_held(*card), now + lasting + 1.0)
            deck.remove(card)
        now += dice.uniform(*between)
        if not deck:
            deck, between = _deck(dice, clocks=clocks), BETWEEN
    return MishapSchedule(sorted(steps))


def _held(action: str, target: str) -> Sequence[str]:
    """The targets that must have no other fault at the same time."""
    match action:
        case "freeze":
            # Freeze one of two relays or workers at a time: with both frozen, nothing would happen.
            return target, _kind(target)
        case "lock":
            return target, "postgres"
        case _:
            return (target,)


def _kind(target: str) -> str:
    return f"any {target.partition('-')[0]}"


def _lasting(action: str, target: str, dice: random.Random, lease: float) -> float:
    """Seconds until the fault ends."""
    match action, target:
        case "freeze", "aws":
            return dice.uniform(*AWS_FROZEN)
        case "freeze", part if part != "redis":
            return lease + 2.0
        case _:
            return dice.uniform(*LASTING.get(action, START_AFTER))


def _opening(dice: random.Random) -> list[tuple[str, str]]:
    """One of each kind that a short run can bear.

    Each has its own target, except that PostgreSQL and Redis have several mishaps. Those that last begin early.
    """
    workers, relays = (dice.sample(names, k=2) for names in (WORKERS, RELAYS))
    # Freeze while messages are being sent, some for the second time; flush while some are queued.
    first = [
        ("spell", f"sns:{dice.choice(LOSES_ANSWERS)}"),
        ("spell", "sns:delay"),
        ("freeze", workers[0]),
        (dice.choice(("terminate", "cancel", "read-only")), "postgres"),
        ("freeze", relays[0]),
        ("flush", "redis"),
        (dice.choice(("demote", "fill")), "redis"),
    ]
    rest = [
        ("kill", "redis"),
        (dice.choice(("stop", "kill")), "postgres"),
        ("kill", relays[1]),
        ("kill", workers[1]),
        ("kill", "web-api"),
        ("spell", f"connect:{dice.choice(tuple(SPELLS))}"),
        ("freeze", "aws"),
        ("half-send", "bodies"),
        ("burst", "alerts"),
    ]
    dice.shuffle(rest)
    return [*first, *rest]


def _deck(dice: random.Random, *, clocks: bool) -> list[tuple[str, str]]:
    """One of every fault, shuffled."""
    deck = [
        *(("kill", name) for name in (*WORKERS, *RELAYS, "door", "web-api", "redis", "postgres")),
        ("freeze", dice.choice((*WORKERS, *RELAYS))),
        ("restart", "all"),
        *((("shift", dice.choice(SHIFTED)),) if clocks else ()),
        *((action, "redis") for action in ("freeze", "flush", "demote", "fill")),
        *((action, "postgres") for action in ("stop", "terminate", "cancel", "read-only")),
        ("lock", dice.choice(TABLES)),
        ("freeze", "aws"),
        *(("spell", f"{dice.choice(SERVICES)}:{name}") for name in SPELLS if name != "no_answer"),
        ("spell", "connect:no_answer"),
        ("half-send", "bodies"),
        ("burst", "alerts"),
    ]
    dice.shuffle(deck)
    return deck
