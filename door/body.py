"""Reads a body whole: within its size, its time, and the memory that all bodies may take together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from door.errors import BodyCut, BodyIncomplete, BodyInPieces, BodyTooLarge, Busy
from door.settings import BODY_SECONDS, Service

SMALL_PARTS, SMALL_BYTES = 1000, 64
"""A body may have this many parts of any size; others must have this many bytes on average: each costs the same."""
KEPT_WHEN_FULL = 7 / 8
"""The share of the memory for bodies that stays in use after room was made."""
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Incomplete:
    """A body of which more is to come, and the task that waits for it."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.is_evicted = False
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: a request is a task
        self.task = task

    def evict(self) -> None:
        """Drop what has come, and end the wait for the rest."""
        self.body.clear()
        self.is_evicted = True
        self.task.cancel()


class Bodies:
    """The bodies that the door keeps for a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept = 0
        self._incomplete: list[Incomplete] = []

    @asynccontextmanager
    async def read(self, receive: Receive) -> AsyncIterator[bytes]:
        """A whole body, whose memory counts for as long as the block lasts.

        Raises BodyTooLarge, BodyIncomplete, BodyInPieces, BodyCut, or Busy if there is no memory left for it.
        """
        reading = Incomplete()
        try:
            self._incomplete.append(reading)
            try:
                await self._read(receive, reading)
            finally:
                self._incomplete.remove(reading)
            yield bytes(reading.body)
        finally:
            self._kept -= len(reading.body)

    async def _read(self, receive: Receive, reading: Incomplete) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                number = 0
                async for part in _parts(receive):
                    number += 1
                    if number > SMALL_PARTS + len(reading.body) / SMALL_BYTES:
                        raise BodyInPieces
                    self._keep(reading, part)
        except TimeoutError:
            raise BodyIncomplete(BODY_SECONDS) from None
        except asyncio.CancelledError:
            if not reading.is_evicted:
                raise
            reading.task.uncancel()  # it goes on, and answers its client
            raise Busy from None

    def _keep(self, reading: Incomplete, part: bytes) -> None:
        if len(reading.body) + len(part) > self._service.max_body_bytes:
            raise BodyTooLarge(self._service.max_body_bytes)
        if self._kept + len(part) > self._service.max_buffered_bytes:
            self._make_room(reading, len(part))
        reading.body += part
        self._kept += len(part)

    def _make_room(self, newcomer: Incomplete, size: int) -> None:
        """Give up the largest bodies that are not complete: an alert is small, and most are whole at once.

        It gives up more than is needed, so that it seldom runs while somebody fills the memory.
        """
        most = self._service.max_buffered_bytes
        for each in sorted(self._incomplete, key=lambda each: len(each.body), reverse=True):
            if each is newcomer or self._kept <= most * KEPT_WHEN_FULL:
                break
            self._kept -= len(each.body)
            each.evict()
        if self._kept + size > most:
            raise Busy


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCut
        more = message.get("more_body", False)
        yield message.get("body", b"")
