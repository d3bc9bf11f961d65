"""Passes a whole request on to a service, and the service's answer back."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import httptools

from door.errors import Headers, Unavailable
from door.reader import Request
from door.settings import CONNECT_SECONDS, Service, is_address, is_trusted

log = logging.getLogger(__name__)

IDLE_SECONDS = 15.0
"""A connection to a service is not used again after so long: the service could be about to close it."""
MAX_UNREAD = 256 * 1024
"""Bytes of an answer that are kept for a client that reads slowly."""
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers that are for the next hop only (RFC 9110, 7.6.1), and the length, which is set again."""
NOT_PASSED_BACK = (HOP_BY_HOP - {b"content-length"}) | {b"server"}
FORWARDED_FOR, FORWARDED_PROTO = b"x-forwarded-for", b"x-forwarded-proto"
SAID_BY_PROXIES = frozenset(
    {FORWARDED_FOR, FORWARDED_PROTO, b"forwarded", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip"}
)
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FINAL = 200
"""Statuses below are of answers that announce another one."""


class Client(Protocol):
    """Whom the door has a request from."""

    is_https: bool
    address: str


class ServerDisconnectedError(ConnectionError):
    """The service ended the connection before its answer was whole."""


class BadAnswerError(ConnectionError):
    """The service's answer is not HTTP."""


class ServiceConnection(asyncio.Protocol):
    """A connection to a service, with one request at a time, and the answer to the newest."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._seconds = 0.0
        self._begin(is_head_request=False)
        self.idle_since = 0.0

    def _begin(self, *, is_head_request: bool) -> None:
        self._is_head_request = is_head_request
        self._parts: deque[bytes] = deque()
        self._unread = 0
        self._has_head = self._is_complete = self._keeps = False
        self.status = 0
        self.headers: Headers = []
        """Those for the client, in lower case."""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_complete:  # or it would be taken for the next answer
            self._fail(BadAnswerError())
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(BadAnswerError())
        if self._unread > MAX_UNREAD:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ServerDisconnectedError())

    # What the parser calls.

    def on_message_begin(self) -> None:
        """An answer comes. There is one only, but for those that announce it."""
        if self._is_complete:
            raise BadAnswerError

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which is left out."""
        name = name.lower()
        if not self._has_head and name not in NOT_PASSED_BACK:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head has come."""
        self.status = self._parser.get_status_code()
        self._has_head = self.status >= FINAL
        if not self._has_head:
            self.headers.clear()
        elif self._is_head_request:  # the parser would wait for a body
            self._is_complete = True
            self._keeps = self._parser.should_keep_alive()
            self._parser = httptools.HttpResponseParser(self)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        if self._is_complete:
            raise BadAnswerError
        self._parts.append(part)
        self._unread += len(part)

    def on_message_complete(self) -> None:
        """The body has come."""
        self._is_complete = self._has_head
        self._keeps = self._parser.should_keep_alive()

    # What `Upstream` and the door call.

    async def ask(self, message: bytes, *, is_head_request: bool, seconds: float) -> None:
        """Send a request, and wait for the head of its answer."""
        self._begin(is_head_request=is_head_request)
        self._seconds = seconds
        if self._error is None:
            self._transport.write(message)
        while not self._has_head:
            await self._wait()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body of the answer. Raises OSError if it breaks off, or the next part does not come."""
        while True:
            while self._parts:
                part = self._parts.popleft()
                self._unread -= len(part)
                yield part
            if not self._transport.is_reading():
                self._transport.resume_reading()
            if self._is_complete:
                return
            await self._wait()

    async def whole(self) -> bytes:
        """The body of the answer, when all of it has come. Raises OSError as `parts` does."""
        return b"".join([part async for part in self.parts()])

    @property
    def can_be_used(self) -> bool:
        """Whether it is open, the last request was sent, and the last answer was read."""
        return (
            self._error is None
            and self._is_complete
            and self._keeps
            and not self._parts
            and self._transport.is_reading()
            and not self._transport.get_write_buffer_size()
        )

    def close(self) -> None:
        """End it."""
        self._transport.abort()

    async def _wait(self) -> None:
        """Wait until something has come."""
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        late = self._loop.call_later(self._seconds, self._fail, TimeoutError())
        try:
            await self._waiter
        finally:
            late.cancel()
            self._waiter = None

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Upstream:
    """Connections to the services."""

    def __init__(self) -> None:
        self._idle: dict[str, list[ServiceConnection]] = {}

    @asynccontextmanager
    async def answer(
        self, service: Service, request: Request, client: Client
    ) -> AsyncIterator[ServiceConnection]:
        """Send a request and give the service's answer, whose body is read in the block.

        Raises Unavailable if there is none. A request that is repeatable is sent a second time if its connection ends.
        """
        connection = await self._ask(service, request, _message(request, client))
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
        try:  # in a new connection: the service may be about to end all that are idle
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
        """The one that was used last: those that are not needed grow old."""
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
    """The refusal for a service that did not answer, or broke off; the log says which, and why."""
    log.warning("door.unavailable: web-%s: %s", service.name, type(error).__name__)
    return Unavailable(repeatable=service.repeatable)


def _message(request: Request, client: Client) -> bytes:
    """The request as the service gets it: whole, with its length.

    Drops names with an underscore as well: WSGI cannot tell them from names with a dash. Where it comes from, the door
    says itself.
    """
    body = request.body.content
    lines = [b"%b %b HTTP/1.1\r\n" % (request.method.encode(), request.target.encode("latin-1"))]
    said: dict[bytes, list[bytes]] = {}
    for name, value in request.headers:
        if name in SAID_BY_PROXIES:
            said.setdefault(name, []).append(value)
        elif name not in HOP_BY_HOP and b"_" not in name:
            lines.append(b"%b: %b\r\n" % (name, value))
    lines += [b"%b: %b\r\n" % header for header in _said_of(client, said)]
    if body or request.method in WITH_BODY:
        lines.append(b"content-length: %d\r\n" % len(body))
    return b"".join([*lines, b"\r\n", body])


def _said_of(client: Client, said: dict[bytes, list[bytes]]) -> Headers:
    """Where a request comes from: one address, and whether it came over https, as far as proxies of ours say so.

    Each proxy writes the address of its own peer behind those that it got, so only the last ones can be relied on.
    """
    address, is_https = client.address, client.is_https
    if is_trusted(address):
        is_https = is_https or said.get(FORWARDED_PROTO, [])[-1:] == [b"https"]
        hops = b",".join(said.get(FORWARDED_FOR, [])).decode("latin-1").split(",")
        while is_trusted(address) and is_address(hop := hops.pop().strip() if hops else ""):
            address = hop
    return [(FORWARDED_FOR, address.encode()), (FORWARDED_PROTO, b"https" if is_https else b"http")]
