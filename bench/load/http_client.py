"""An HTTP client for many connections with as little work as possible, because it shares the processors with the Bleep
that it measures. aiohttp's client takes twice as much for a request.
"""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import NamedTuple

_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
IDLE_SECONDS = 3.0
"""Seconds after which an idle connection is not used again. The server may be closing it (Bleep does after 5 s), and a
request on such a connection gets no answer."""
_END_OF_HEAD, _LAST_CHUNK = b"\r\n\r\n", b"0\r\n\r\n"


class Answer(NamedTuple):
    """The parts of an answer that clients look at. `retry_after` is in seconds; `body` is as it came, even in
    chunks.
    """

    status: int
    retry_after: float
    body: bytes


class _Connection(asyncio.Protocol):
    """One connection, with one request at a time."""

    def __init__(self) -> None:
        self.is_open = False
        self.used_at = 0.0
        self._received = b""
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_END_OF_HEAD)
        if not end or self._waiting is None or self._waiting.done():
            return
        length = _LENGTH.search(head)
        if length is None and not _CHUNKED.search(head):
            self._waiting.set_exception(ConnectionError("An answer of unknown length."))
        elif len(body) >= int(length[1]) if length else body.endswith(_LAST_CHUNK):
            retry = _RETRY_AFTER.search(head)
            self._waiting.set_result(Answer(int(head[9:12]), float(retry[1]) if retry else 0.0, body))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("The connection ended before the answer."))

    def close(self) -> None:
        """Close it."""
        self._transport.close()

    async def exchange(self, request: bytes, seconds: float) -> Answer:
        """Send a request and wait for its answer. Raises TimeoutError or ConnectionError, and is closed then."""
        loop = asyncio.get_running_loop()
        self._received, self._waiting = b"", loop.create_future()
        late = loop.call_later(seconds, self._give_up, self._waiting)
        self._transport.write(request)
        try:
            return await self._waiting
        except BaseException:
            self._transport.close()
            raise
        finally:
            late.cancel()

    def _give_up(self, waiting: "asyncio.Future[Answer]") -> None:
        if not waiting.done():
            waiting.set_exception(TimeoutError())


class Clients:
    """Clients of one server, each with an open connection; further ones are opened as they are needed."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str], *, timeout: float) -> None:
        self._address = (host, port)
        self._timeout = timeout
        lines = [f"host: {host}:{port}", *(f"{name}: {value}" for name, value in headers.items())]
        self._head = "\r\n".join(lines).encode()
        self._idle: list[_Connection] = []

    async def post(self, path: str, body: bytes) -> Answer:
        """POST a body of JSON. Raises OSError, as TimeoutError and ConnectionError are."""
        connection = await self._connection()
        request = (
            b"POST %b HTTP/1.1\r\n%b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (
                path.encode(),
                self._head,
                len(body),
                body,
            )
        )
        answer = await connection.exchange(request, self._timeout)
        connection.used_at = time.monotonic()
        self._idle.append(connection)
        return answer

    async def close(self) -> None:
        """Close the connections that are open and wait for no answer."""
        while self._idle:
            self._idle.pop().close()
        await asyncio.sleep(0)  # asyncio closes them in its next round

    async def _connection(self) -> _Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and time.monotonic() - connection.used_at < IDLE_SECONDS:
                return connection
            connection.close()
        _, connection = await asyncio.get_running_loop().create_connection(_Connection, *self._address)
        return connection
