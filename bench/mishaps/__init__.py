"""The mishaps of `make chaos`: drawn from a seed (`schedule`), then injected into a running Bleep, one module for each
subject."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from bench.mishaps.broker import Broker
from bench.mishaps.database import Database
from bench.mishaps.parts import Parts
from bench.mishaps.provider import Provider
from bench.mishaps.schedule import ScheduledAction
from bench.people import Person
from bench.stack import Stack


class Subject(Protocol):
    """What can go wrong with one thing."""

    actions: Mapping[str, Callable[[str], None]]
    """By name. Each gets its target."""

    def undo(self) -> None:
        """Repair everything."""


class Mishaps:
    """Injects the mishaps into a stack, and repairs all of them at the end."""

    def __init__(self, stack: Stack, people: Sequence[Person], seed: int) -> None:
        self.done: Counter[str] = Counter()
        self.latest = ""
        self._parts = Parts(stack)
        provider = Provider(stack, people, seed)
        self._subjects: dict[str, Subject] = {
            "sns": provider,
            "connect": provider,
            "postgres": Database(stack),
            "redis": Broker(stack),
            **dict.fromkeys(stack.parts, self._parts),
        }
        """By target, without what follows its colon."""

    @property
    def away(self) -> Collection[str]:
        """Bleep's parts that were ended and are not running again."""
        return self._parts.away

    def do(self, step: ScheduledAction) -> None:
        """Run one action."""
        self._subjects[step.target.partition(":")[0]].actions[step.action](step.target)
        if step.harmful:
            self.latest = f"{step.action} {step.target}"
            self.done[self.latest] += 1

    def undo_all(self) -> None:
        """Repair everything: nothing is frozen or down, and AWS works."""
        for subject in dict.fromkeys(self._subjects.values()):
            subject.undo()
