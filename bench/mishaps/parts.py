"""Bleep's own processes: they are killed and frozen."""

from collections.abc import Callable, Mapping

from bench.stack import Stack


class Parts:
    """The mishaps of Bleep's parts."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": self._kill,
            "start": self._start,
            "freeze": self._freeze,
            "thaw": self._thaw,
        }
        self.away: set[str] = set()
        """Those that were ended and are not running again."""
        self._stack = stack
        self._frozen: set[str] = set()

    def undo(self) -> None:
        """All run, and none is frozen."""
        for name in list(self._frozen):
            self._thaw(name)
        for name in self._stack.parts:
            self._start(name)

    def _kill(self, name: str) -> None:
        self.away.add(name)
        self._stack.kill(name)

    def _start(self, name: str) -> None:
        self._stack.start(name)
        self.away.discard(name)

    def _freeze(self, name: str) -> None:
        self._frozen.add(name)
        self._stack.freeze(name)

    def _thaw(self, name: str) -> None:
        self._frozen.discard(name)
        self._stack.thaw(name)
