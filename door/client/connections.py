"""The open connections of clients: if there are too many, some give way to new ones."""

import asyncio
import heapq
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from operator import itemgetter
from typing import Protocol

from door.settings import BACKLOG, MAX_STALLED

GIVE_WAY = 8
"""If there are too many, one in this many connections gives way."""
LOOK_AGAIN_SECONDS = 0.5
"""Seconds to wait after all were found at work. Looking takes milliseconds, and many may come at once."""

ACCEPTED_AT_ONCE = 16
"""New connections that are accepted before the door goes on with those that it has.

asyncio would take all that wait, up to a thousand: an alert, which needs several turns of its loop, would wait for as
many heads of strangers in each.
"""


async def listen(new: Callable[[], asyncio.BaseProtocol], host: str, port: int) -> asyncio.Server:
    """Accept connections, each with a new protocol. Up to `BACKLOG` wait in the system."""
    server = await asyncio.get_running_loop().create_server(new, host, port, backlog=ACCEPTED_AT_ONCE)
    for each in server.sockets:
        with each.dup() as listener:
            listener.listen(BACKLOG)  # asyncio has one number for both
    return server


class Claim(IntEnum):
    """The order in which connections give way: the lowest first."""

    IDLE = 0
    """The client has asked for nothing."""
    INCOMPLETE = 1
    """The client has sent a part of a request."""
    WAITS = 2
    """The client waits for a service without a queue here, which may take minutes."""
    IN_TURN = 3
    """The client has sent an alert whose turn comes soon, so it does not give way."""


class Client(Protocol):
    """A connection of a client."""

    @property
    def claim(self) -> Claim:
        """Its claim to stay."""

    @property
    def deadline(self) -> float:
        """When it will have waited too long."""

    def abort(self) -> None:
        """End it at once."""

    def close_soon(self) -> None:
        """End it, after the answer that is due."""


class Connections:
    """The connections, `most` at most."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Client] = set()
        self._stalled: dict[Client, None] = {}
        """Connections whose clients do not read, in the order in which they stopped."""
        self._full_until = float("-inf")

    def __len__(self) -> int:
        return len(self._open)

    def add(self, newcomer: Client) -> bool:
        """Count one more. Returns False if there is no room for it, and none can be made."""
        if len(self._open) >= self._most and not self._make_room():
            return False
        self._open.add(newcomer)
        return True

    def discard(self, client: Client) -> None:
        """Remove one that has ended. Harmless if it was not counted."""
        self._open.discard(client)
        self.moves(client)

    def stalls(self, client: Client) -> None:
        """Note that a client does not read its answer, which takes memory. The one that has not read for longest gives
        way.
        """
        self._stalled[client] = None
        if len(self._stalled) > MAX_STALLED:
            longest = next(iter(self._stalled))
            self.moves(longest)
            longest.abort()

    def moves(self, client: Client) -> None:
        """Note that it reads again. Harmless if it never stopped."""
        self._stalled.pop(client, None)

    def __iter__(self) -> Iterator[Client]:
        """The connections that are open now."""
        return iter([*self._open])

    def _make_room(self) -> bool:
        """End connections with the lowest claim, and among them those that have waited for longest.

        They are not counted from now on, so that one search is enough for all that come at once.
        """
        now = time.monotonic()
        if now < self._full_until:
            return False
        claims = [(each.claim, each.deadline, each) for each in self._open]
        others = [each for each in claims if each[0] < Claim.IN_TURN]
        number = max(1, self._most // GIVE_WAY)
        for *_, each in heapq.nsmallest(number, others, key=itemgetter(0, 1)):
            self._open.discard(each)
            each.abort()
        if not others:
            self._full_until = now + LOOK_AGAIN_SECONDS
        return bool(others)
