"""Reads a body whole: within its size, its time, and the memory that all bodies may take together."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from door.errors import BodyCut, BodyIncomplete, BodyInPieces, BodyTooLarge, Busy
from door.settings import BODY_SECONDS, Service

SMALL_PARTS, SMALL_BYTES = 1000, 64
"""A body may have so many parts of any size; all others must have so many bytes on average: each costs the same."""
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Bodies:
    """The bodies that the door keeps for a service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept = 0

    @asynccontextmanager
    async def read(self, receive: Receive) -> AsyncIterator[bytes]:
        """A whole body, whose memory counts for as long as the block lasts.

        Raises BodyTooLarge, BodyIncomplete, BodyInPieces, BodyCut, or Busy if there is no memory left for it.
        """
        body = bytearray()
        try:
            await self._read(receive, body)
            yield bytes(body)
        finally:
            self._kept -= len(body)

    async def _read(self, receive: Receive, body: bytearray) -> None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                number = 0
                async for part in _parts(receive):
                    number += 1
                    if number > SMALL_PARTS + len(body) / SMALL_BYTES:
                        raise BodyInPieces
                    self._keep(body, part)
        except TimeoutError:
            raise BodyIncomplete(BODY_SECONDS) from None

    def _keep(self, body: bytearray, part: bytes) -> None:
        if len(body) + len(part) > self._service.max_body_bytes:
            raise BodyTooLarge(self._service.max_body_bytes)
        if self._kept + len(part) > self._service.max_buffered_bytes:
            raise Busy
        body += part
        self._kept += len(part)


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyCut
        more = message.get("more_body", False)
        yield message.get("body", b"")
