"""Admission control: as many requests run at once as the API has threads. The others queue by priority, for two
seconds at most.

A request is refused at once if those before it would take longer than `MAX_SECONDS` at the rate of the last seconds.
So every answer comes soon, and a sender that gave up finds no queue of its own old requests when it tries again.
"""

import asyncio
import heapq
import json
import time
from enum import IntEnum
from itertools import count

from door.errors import Busy

MAX_SECONDS = 2.0
"""How long a request may wait for its turn."""
WEIGHT = 0.1
"""Weight of the newest interval in the running mean."""


class Urgency(IntEnum):
    """The order of those that wait."""

    HIGH = 0
    MEDIUM = 1
    LOW = 2
    STRANGER = 3
    """Whatever its priority: the API has not accepted this token lately."""

    @classmethod
    def of(cls, body: bytes) -> "Urgency":
        """By the alert's priority. What has none, or is not an alert, can wait."""
        try:
            return {"H": cls.HIGH, "M": cls.MEDIUM}.get(json.loads(body)["priority"], cls.LOW)
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls.LOW


class Admission:
    """Lets `threads` requests in at a time."""

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._number = count()
        self._seconds_each = 0.0
        self._measured_at = float("-inf")
        self._since: float | None = None
        """When the last answer came, or the queue began; None while nothing queues."""

    async def enter(self, body: bytes, *, known: bool) -> None:
        """Wait for a turn. Raises Busy if it would not come soon."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(Urgency.of(body) if known else Urgency.STRANGER)

    def leave(self) -> None:
        """Pass the turn to the next request in the queue, or free it."""
        self._measure()
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return
        self._since = None
        self._free += 1

    async def _wait(self, urgency: Urgency) -> None:
        self._forget_an_old_rate()
        before = sum(1 for other, _, turn in self._waiting if other <= urgency and not turn.done())
        if before * self._seconds_each > MAX_SECONDS:
            raise Busy
        if self._since is None:
            self._since = time.monotonic()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._number), turn))
        try:
            await asyncio.wait_for(asyncio.shield(turn), MAX_SECONDS)
        except TimeoutError:
            if turn.done():  # it came at the last moment
                return
            self._give_up(turn)
            raise Busy from None
        except asyncio.CancelledError:  # its client has disconnected
            if turn.done() and not turn.cancelled():
                self.leave()
            self._give_up(turn)
            raise

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        turn.cancel()
        if all(other.done() for _, _, other in self._waiting):
            self._waiting.clear()
            self._since = None

    def _measure(self) -> None:
        """Measure the time between two answers, but only while requests queue."""
        now = time.monotonic()
        if self._since is not None:
            self._seconds_each += WEIGHT * (min(now - self._since, MAX_SECONDS) - self._seconds_each)
            self._since = self._measured_at = now

    def _forget_an_old_rate(self) -> None:
        """After a while without a queue, what was slow may be quick again."""
        if self._since is None and time.monotonic() - self._measured_at > MAX_SECONDS:
            self._seconds_each = 0.0
