"""Redis: it crashes, hangs, refuses, and loses all that it held."""

import os
import signal
from collections.abc import Callable, Mapping

from bench.stack import Stack

DEMOTE = ("REPLICAOF", "127.0.0.1", "1")
"""A replica of a server that does not exist, as in a failover: it answers writes with READONLY."""
PROMOTE = ("REPLICAOF", "NO", "ONE")
FILL = ("CONFIG", "SET", "maxmemory", "1")
"""As if its memory were full: it answers writes with OOM, because it evicts nothing."""
EMPTY = ("CONFIG", "SET", "maxmemory", "0")


class Broker:
    """The mishaps of Redis."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": lambda _: stack.redis.kill(),
            "start": lambda _: stack.redis.start(),
            "freeze": lambda _: self._signal(signal.SIGSTOP),
            "thaw": lambda _: self._signal(signal.SIGCONT),
            "flush": lambda _: stack.tell_redis("FLUSHALL"),
            "demote": lambda _: stack.tell_redis(*DEMOTE),
            "promote": lambda _: stack.tell_redis(*PROMOTE),
            "fill": lambda _: stack.tell_redis(*FILL),
            "empty": lambda _: stack.tell_redis(*EMPTY),
        }
        self._stack = stack

    def undo(self) -> None:
        """Redis runs, and refuses nothing."""
        self._signal(signal.SIGCONT)
        self._stack.redis.start()
        self._stack.tell_redis(*PROMOTE)
        self._stack.tell_redis(*EMPTY)

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self._stack.redis.pid) is not None:
            os.kill(pid, number)
