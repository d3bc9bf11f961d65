"""Redis: it crashes, hangs, and loses all that it held."""

import os
import signal
from collections.abc import Callable, Mapping

from bench.stack import Stack


class Broker:
    """The mishaps of Redis."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": lambda _: stack.redis.kill(),
            "start": lambda _: stack.redis.start(),
            "freeze": lambda _: self._signal(signal.SIGSTOP),
            "thaw": lambda _: self._signal(signal.SIGCONT),
            "flush": lambda _: stack.tell_redis("FLUSHALL"),
        }
        self._stack = stack

    def undo(self) -> None:
        """Redis runs."""
        self._signal(signal.SIGCONT)
        self._stack.redis.start()

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self._stack.redis.pid) is not None:
            os.kill(pid, number)
