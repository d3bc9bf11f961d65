"""A rolling restart, as an upgrade does it."""

import time
from collections import deque
from collections.abc import Sequence

from bench.stack import Stack

GRACE_SECONDS = 45.0
"""Seconds for each part to end by itself: the lease of chaos and 15 seconds more, as in docker-compose.yml."""
POLL_SECONDS = 0.05


class RollingRestart:
    """Each part gets SIGTERM, and is started again when it has ended. Then comes the next part."""

    def __init__(self, stack: Stack, names: Sequence[str]) -> None:
        self.stopping: str | None = None
        """The part that was asked to end."""
        self.overdue: list[str] = []
        """Parts that were killed, since they did not end in time."""
        self._stack = stack
        self._left = deque(names)
        self._deadline = 0.0

    @property
    def done(self) -> bool:
        """Whether all parts have had their turn."""
        return self.stopping is None and not self._left

    def go_on(self, skip: set[str]) -> None:
        """Do what is due now. Parts in `skip`, which are down or frozen, miss their turn."""
        if self.stopping is not None:
            self._finish(self.stopping)
            return
        while self._left:
            name = self._left.popleft()
            if name not in skip:
                self.stopping = name
                self._deadline = time.monotonic() + GRACE_SECONDS
                self._stack.terminate(name)
                return

    def end(self) -> None:
        """Finish the part that is ending, and leave out the rest."""
        self._left.clear()
        while self.stopping is not None:
            self._finish(self.stopping)
            time.sleep(POLL_SECONDS)

    def _finish(self, name: str) -> None:
        if self._stack.family(name):
            if time.monotonic() < self._deadline:
                return
            self.overdue.append(name)
            self._stack.kill(name)
        self._stack.start(name)
        self.stopping = None
