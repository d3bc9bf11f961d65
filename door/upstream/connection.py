"""A connection to a service, and its answers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

import httptools

from door.answers import Headers
from door.upstream.message import HOP_BY_HOP

MAX_UNREAD = 64 * 1024
"""Bytes of an answer that are kept for a client that reads slowly."""
_received = memoryview(bytearray(MAX_UNREAD))
"""The newest bytes from any service: all connections share this buffer, since each parses its bytes at once."""
NOT_PASSED_BACK = (HOP_BY_HOP - {b"content-length"}) | {b"server"}
FINAL = 200
"""Answers with a status below this are interim: another follows."""


class ServerDisconnectedError(ConnectionError):
    """The service ended the connection before its answer was whole."""


class BadAnswerError(ConnectionError):
    """The service's answer is not HTTP."""


class ServiceConnection(asyncio.BufferedProtocol):
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

    def get_buffer(self, sizehint: int) -> memoryview:
        return _received

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_complete:  # bytes after an answer would be taken for the next one
            self._fail(BadAnswerError())
            return
        try:
            self._parser.feed_data(_received[:nbytes])
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(BadAnswerError())
        if self._unread > MAX_UNREAD:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ServerDisconnectedError())

    # What the parser calls.

    def on_message_begin(self) -> None:
        """An answer begins. Only interim ones may come before it, and none after it."""
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

    # What the pool and the door call.

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

    async def body(self) -> bytes:
        """The body of the answer, when all of it has come. Raises OSError as `parts` does."""
        return b"".join([part async for part in self.parts()])

    @property
    def can_be_used(self) -> bool:
        """Whether the connection is open, its last request was sent, and its last answer was read."""
        return (
            self._error is None
            and self._is_complete
            and self._keeps
            and not self._parts
            and self._transport.is_reading()
            and not self._transport.get_write_buffer_size()
        )

    def close(self) -> None:
        """Close the connection at once."""
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
