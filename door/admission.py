"""Admission control: at most as many requests run at once as the API has threads.

The others queue by priority, for two seconds at most. A request is refused at once if those before it would take longer
than `MAX_SECONDS` at the rate of the last seconds. So every answer comes soon, and a sender that gave up does not find
its own old requests in the queue when it tries again.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from enum import IntEnum

from door.errors import Busy

MAX_SECONDS = 2.0
"""How long a request may wait for its turn."""
WEIGHT = 0.1
"""The weight of the newest interval in the running mean."""
PAUSE_ANSWERS = 3
"""While requests are refused, they stay unread for the time of this many answers: the API has more than that in
work."""
MAX_PAUSE = 0.06
"""The longest that requests stay unread, in seconds."""
PRESSURE_SECONDS = 0.1
"""How long after a refusal another one is expected."""

MORE_THAN_LOW = (b'"H"', b'"M"', b"\\u")
"""An alert without any of these is Low, in UTF-8, which is all that the API reads. JSON may write any letter as the
last."""


class Urgency(IntEnum):
    """The order of the requests that wait."""

    HIGH = 0
    MEDIUM = 1
    LOW = 2
    STRANGER = 3
    """Requests with a token that the API has not accepted lately, whatever their priority."""

    @classmethod
    def of(cls, body: bytes | bytearray) -> "Urgency":
        """The urgency of an alert, by its priority. A request without one, or that is not an alert, can wait."""
        if not any(mark in body for mark in MORE_THAN_LOW):  # most are Low when refusing matters
            return cls.LOW
        try:
            return {"H": cls.HIGH, "M": cls.MEDIUM}.get(json.loads(body)["priority"], cls.LOW)
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls.LOW


Turn = asyncio.Future[None]
"""A future that is done when the turn has come. It raises Busy if the turn did not come in time. Cancel it to give the
turn up."""


class Admission:
    """Lets `threads` requests in at a time.

    Most requests are refused when refusing matters, so a refusal must cost next to nothing. It is decided at once,
    without a task, and by counting the waiting requests instead of looking at them.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._queues: list[deque[Turn]] = [deque() for _ in Urgency]
        self._waiting = [0 for _ in Urgency]
        """How many requests wait, without those that gave up."""
        self._seconds_each = 0.0
        self._measured_at = float("-inf")
        self._refused_at = float("-inf")
        self._since: float | None = None
        """When the last answer came, or the queue began; None while nothing queues."""

    def enter(self, urgency: Callable[[], Urgency]) -> Turn | None:
        """A turn to wait for; None if the request may begin now. Raises Busy if its turn would not come soon.

        `urgency` is called only if it matters.
        """
        if self._free:
            self._free -= 1
            return None
        self._forget_an_old_rate()
        if self._takes_too_long(Urgency.HIGH):  # then it does at any urgency
            raise self._refusal()
        found = urgency()
        if self._takes_too_long(found):
            raise self._refusal()
        return self._queue(found)

    def leave(self) -> None:
        """Pass the turn to the next request in the queue, or free it."""
        self._measure()
        for queue in self._queues:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._since = None
        self._free += 1

    def pause(self) -> float:
        """How many seconds requests may stay unread: 0 unless some are refused."""
        if time.monotonic() - self._refused_at > PRESSURE_SECONDS:
            return 0.0
        return min(self._seconds_each * PAUSE_ANSWERS, MAX_PAUSE)

    def _refusal(self) -> Busy:
        self._refused_at = time.monotonic()
        return Busy()

    def _takes_too_long(self, urgency: Urgency) -> bool:
        return sum(self._waiting[: urgency + 1]) * self._seconds_each > MAX_SECONDS

    def _queue(self, urgency: Urgency) -> Turn:
        if self._since is None:
            self._since = time.monotonic()
        loop = asyncio.get_running_loop()
        turn: Turn = loop.create_future()
        late = loop.call_later(MAX_SECONDS, _refuse, turn)

        def over(_: Turn) -> None:
            late.cancel()
            self._waiting[urgency] -= 1
            while queue and queue[0].done():
                queue.popleft()
            if not any(self._waiting) and (turn.cancelled() or turn.exception()):
                self._since = (
                    None  # nobody waits, and no request was let in that would end the measuring in `leave`
                )

        queue = self._queues[urgency]
        queue.append(turn)
        self._waiting[urgency] += 1
        turn.add_done_callback(over)
        return turn

    def _measure(self) -> None:
        """Measure the time between two answers, but only while requests queue."""
        now = time.monotonic()
        if self._since is not None:
            self._seconds_each += WEIGHT * (min(now - self._since, MAX_SECONDS) - self._seconds_each)
            self._since = self._measured_at = now

    def _forget_an_old_rate(self) -> None:
        """Forget the rate after a while without a queue: it may be faster again."""
        if self._since is None and time.monotonic() - self._measured_at > MAX_SECONDS:
            self._seconds_each = 0.0


def _refuse(turn: Turn) -> None:
    if not turn.done():
        turn.set_exception(Busy())
