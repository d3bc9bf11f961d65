"""Mishaps of Bleep's own processes: they are killed, frozen and restarted, and their clocks are wrong."""

from collections.abc import Callable, Mapping

from bench.mishaps import clocks
from bench.mishaps.restart import RollingRestart
from bench.stack import Stack


class Parts:
    """The mishaps of Bleep's parts."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": self._kill,
            "start": self._start,
            "freeze": self._freeze,
            "thaw": self._thaw,
            "restart": self._restart,
            "shift": self._shift,
            "reset": self._reset,
        }
        self._stack = stack
        self._killed: set[str] = set()
        self._frozen: set[str] = set()
        self._shifted: set[str] = set()
        self._restarts = [RollingRestart(stack, ())]

    @property
    def away(self) -> set[str]:
        """The parts that were ended and are not running again."""
        stopping = self._restarts[-1].stopping
        return self._killed | ({stopping} if stopping else set())

    @property
    def overdue(self) -> list[str]:
        """The parts that did not end in time when they were asked to."""
        return [name for restart in self._restarts for name in restart.overdue]

    def go_on(self) -> None:
        """Go on with a rolling restart."""
        self._restarts[-1].go_on(self._killed | self._frozen)

    def undo(self) -> None:
        """Repair: all run with the right clock, and none is frozen or ending."""
        for name in list(self._frozen):
            self._thaw(name)
        self._restarts[-1].end()
        for name in list(self._shifted):
            self._reset(name)
        for name in self._stack.parts:
            self._start(name)

    def _kill(self, name: str) -> None:
        self._killed.add(name)
        self._stack.kill(name)

    def _start(self, name: str) -> None:
        self._stack.start(name)
        self._killed.discard(name)

    def _freeze(self, name: str) -> None:
        self._frozen.add(name)
        self._stack.freeze(name)

    def _thaw(self, name: str) -> None:
        self._frozen.discard(name)
        self._stack.thaw(name)

    def _restart(self, _name: str) -> None:
        if self._restarts[-1].done:
            self._restarts.append(RollingRestart(self._stack, self._stack.parts))

    def _shift(self, name: str) -> None:
        """Start it again with a clock that is an hour ahead."""
        self._shifted.add(name)
        self._stack.kill(name)
        self._stack.start(name, **clocks.ahead())

    def _reset(self, name: str) -> None:
        self._shifted.discard(name)
        self._stack.kill(name)
        self._stack.start(name)
