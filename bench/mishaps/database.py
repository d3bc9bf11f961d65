"""PostgreSQL: it crashes."""

import os
import signal
from collections.abc import Callable, Mapping

from bench.stack import Stack


class Database:
    """The mishaps of PostgreSQL."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "start": self._start,
        }
        self._stack = stack
        self._away = False

    def undo(self) -> None:
        """PostgreSQL runs."""
        self._start("postgres")

    def _kill(self, _name: str) -> None:
        self._away = True
        self._stack.postgres.kill()

    def _stop(self, _name: str) -> None:
        """The immediate shutdown: it cuts connections, and the next start recovers from the log."""
        self._away = True
        if (pid := self._stack.postgres.pid) is not None:
            os.kill(pid, signal.SIGQUIT)

    def _start(self, _name: str) -> None:
        if self._away:
            self._stack.postgres.kill()  # start() does nothing while the old process is still stopping
        self._stack.postgres.start()
        self._away = False
