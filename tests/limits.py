"""A counter of the library `limits` in which two threads meet where it cannot stand it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from limits.storage import MemoryStorage

THREADS = 8


class Slow(MemoryStorage):
    """Between the making of its timer and the start of it there is time for another thread."""

    @property
    def timer(self) -> threading.Timer:
        return self._timer

    @timer.setter
    def timer(self, made: threading.Timer) -> None:
        self._timer = made
        time.sleep(0.01)


def all_at_once(question: Callable[[], bool]) -> list[bool]:
    """What many threads are answered that ask in the same moment."""
    start = threading.Barrier(THREADS)

    def ask() -> bool:
        start.wait(timeout=10)
        return question()

    with ThreadPoolExecutor(THREADS) as threads:
        return [each.result() for each in [threads.submit(ask) for _ in range(THREADS)]]
