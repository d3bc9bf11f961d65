"""Reads less often while requests are refused, so that several are read in one go.

A request that is read alone finds the caches of the processor filled by other work, and costs more.
"""

import selectors
import time
from collections.abc import Callable


class Selector(selectors.DefaultSelector):
    """The system's selector, but it waits for `pause()` seconds before it looks."""

    def __init__(self, pause: Callable[[], float]) -> None:
        super().__init__()
        self._pause = pause

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """The sockets that are ready. It never waits when asyncio would not: work that asyncio has to do at once is
        done at once.
        """
        pause = self._pause()
        if pause and (timeout is None or timeout > 0):
            began = time.monotonic()
            time.sleep(pause if timeout is None else min(pause, timeout))
            if timeout is not None:
                timeout = max(0.0, timeout - (time.monotonic() - began))
        return super().select(timeout)
