"""The mishaps of `make chaos`: drawn from a seed (`schedule`), then injected into a running Bleep, one module for each
subject."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from bench.load.people import Person
from bench.mishaps.broker import Broker
from bench.mishaps.database import TABLES, Database
from bench.mishaps.parts import Parts
from bench.mishaps.provider import Provider
from bench.mishaps.schedule import ScheduledAction
from bench.mishaps.senders import Bodies, Senders
from bench.stack import AWS, Stack


class Subject(Protocol):
    """The mishaps of one thing."""

    actions: Mapping[str, Callable[[str], None]]
    """By name. Each takes its target."""

    def undo(self) -> None:
        """Repair everything."""


class Mishaps:
    """Injects the mishaps into a stack, and repairs all of them at the end.

    `send` sends alerts at once, until each is accepted.
    """

    def __init__(
        self, stack: Stack, people: Sequence[Person], seed: int, send: Callable[[Bodies], None]
    ) -> None:
        self.done: Counter[str] = Counter()
        self.latest = ""
        self._parts = Parts(stack)
        provider, database = Provider(stack, people, seed), Database(stack)
        senders = Senders(stack, people, seed, send)
        self._subjects: dict[str, Subject] = {
            **dict.fromkeys((AWS, "sns", "connect", "sqs"), provider),
            **dict.fromkeys(("bodies", "alerts"), senders),
            **dict.fromkeys(("postgres", *TABLES), database),
            "redis": Broker(stack),
            **dict.fromkeys((*stack.parts, "all"), self._parts),
        }
        """By target, without the part after its colon."""

    @property
    def away(self) -> Collection[str]:
        """Bleep's parts that were ended and are not running again."""
        return self._parts.away

    @property
    def overdue(self) -> Sequence[str]:
        """Parts that were killed in a rolling restart, since they did not end in time."""
        return self._parts.overdue

    def go_on(self) -> None:
        """Continue mishaps that take several steps. Call it several times a second."""
        self._parts.go_on()

    def do(self, step: ScheduledAction) -> None:
        """Run one action."""
        self.action_of(step)(step.target)
        if step.harmful:
            self.latest = f"{step.action} {step.target}"
            self.done[self.latest] += 1

    def action_of(self, step: ScheduledAction) -> Callable[[str], None]:
        """The function of an action."""
        return self._subjects[step.target.partition(":")[0]].actions[step.action]

    def undo_all(self) -> None:
        """Repair everything: nothing is frozen or down, and AWS works."""
        for subject in dict.fromkeys(self._subjects.values()):
            subject.undo()
