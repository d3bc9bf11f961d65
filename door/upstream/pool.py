"""Passes a whole request on to a service, and the service's answer back, over connections that are kept open."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from door.client.reader import Request
from door.errors import Unavailable
from door.settings import CONNECT_SECONDS, Service
from door.upstream.connection import ServiceConnection
from door.upstream.message import Client, message_of

log = logging.getLogger(__name__)

IDLE_SECONDS = 15.0
"""Seconds after which an idle connection to a service is not used again: the service could be about to close it."""
SAY_EVERY = 10.0
"""Seconds between two log lines about the same fault of a service: hundreds of requests may fail in one."""
_unsaid: Counter[str] = Counter()
_said_at: dict[str, float] = {}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Upstream:
    """Connections to the services."""

    def __init__(self) -> None:
        self._idle: dict[str, list[ServiceConnection]] = {}

    @asynccontextmanager
    async def answer(
        self, service: Service, request: Request, client: Client
    ) -> AsyncIterator[ServiceConnection]:
        """Send a request, and yield the service's answer, whose body is read in the block.

        Raises Unavailable if there is none. A repeatable request is sent a second time if its connection ends.
        """
        connection = await self._ask(service, request, message_of(request, client))
        try:
            yield connection
        finally:
            if connection.can_be_used:
                connection.idle_since = time.monotonic()
                self._idle.setdefault(service.name, []).append(connection)
            else:
                connection.close()

    async def _ask(self, service: Service, request: Request, message: bytes) -> ServiceConnection:
        may_repeat = service.repeatable or request.method in SAFE
        try:
            return await self._ask_once(service, request, message, self._idle_one(service))
        except OSError as error:
            if isinstance(error, TimeoutError) or not may_repeat:
                raise unavailable(service, error) from error
        try:  # in a new connection: the service may be about to close all idle ones
            return await self._ask_once(service, request, message, None)
        except OSError as error:
            raise unavailable(service, error) from error

    async def _ask_once(
        self, service: Service, request: Request, message: bytes, idle: ServiceConnection | None
    ) -> ServiceConnection:
        connection = idle or await _connect(service.url)
        try:
            await connection.ask(message, is_head_request=request.method == "HEAD", seconds=service.seconds)
        except BaseException:
            connection.close()
            raise
        return connection

    def _idle_one(self, service: Service) -> ServiceConnection | None:
        """The connection that was used last, so that those that are not needed grow old."""
        idle = self._idle.get(service.name, [])
        while idle:
            connection = idle.pop()
            if connection.can_be_used and time.monotonic() - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None


async def _connect(url: str) -> ServiceConnection:
    async with asyncio.timeout(CONNECT_SECONDS):
        _, connection = await asyncio.get_running_loop().create_connection(ServiceConnection, **_address(url))
    return connection


@lru_cache
def _address(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    is_https = parts.scheme == "https"
    return {"host": parts.hostname, "port": parts.port or (443 if is_https else 80), "ssl": is_https or None}


def unavailable(service: Service, error: Exception) -> Unavailable:
    """The refusal for a service that did not answer, or broke off. Now and then the log says which service, and why."""
    what = f"web-{service.name}: {type(error).__name__}"
    _unsaid[what] += 1
    now = time.monotonic()
    if now - _said_at.get(what, -SAY_EVERY) >= SAY_EVERY:
        log.warning("door.unavailable: %s (%d since the last such line)", what, _unsaid.pop(what))
        _said_at[what] = now
    return Unavailable(repeatable=service.repeatable)
