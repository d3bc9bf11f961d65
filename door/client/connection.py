"""A client's connection: gives its requests to the door, one after the other, and writes the answers."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from door.answers import BODILESS, Answer, Headers, has_length, head_lines
from door.client.body import Bodies, Heads
from door.client.connections import Claim, Connections
from door.client.reader import HTTP_1_0, Reader, Request
from door.errors import BodyCut, BodyIncomplete, Busy, Refusal
from door.settings import BODY_SECONDS, HEAD_SECONDS

LINGER_SECONDS = 2.0
"""How long a client that was refused while it sent may read its answer before the connection ends."""
NEVER = float("inf")
MAX_UNSENT = 16 * 1024
"""Bytes of an answer that the system has not taken. A client with more does not read."""
STALL_SECONDS = 60.0
"""Seconds for a client to read something of its answer."""
SHORTEST_LOOK, LONGEST_LOOK = 0.01, min(5.0, HEAD_SECONDS, BODY_SECONDS)
"""Seconds between two checks of the deadline. A new deadline is never before the next check, so none is missed."""
_received = memoryview(bytearray(64 * 1024))
"""The newest bytes from any client: all connections share this buffer, since each parses its bytes at once."""


class Door(Protocol):
    """The door, as a connection uses it."""

    heads: Heads

    def bodies_for(self, path: str) -> Bodies:
        """The memory for the body of a request to this path."""

    def answer(self, request: Request, client: "Connection") -> None:
        """Answer a request, now or later."""

    def refuse(self, request: Request | None, refusal: Refusal, client: "Connection") -> None:
        """Answer a request that has not come whole; None if not even its head has."""


class Connection(asyncio.BufferedProtocol):
    """A connection of a client."""

    _transport: asyncio.Transport
    _timer: asyncio.TimerHandle

    def __init__(self, door: Door, others: Connections) -> None:
        self._door = door
        self._others = others
        self._loop = asyncio.get_running_loop()
        self._reader = Reader(door.bodies_for, door.heads, self._give_way)
        self._expected: Request | None = None
        """The request whose body the client must send before the deadline."""
        self._answered: Request | None = None
        """The request whose answer is awaited or being written."""
        self._is_busy = False
        """Whether there is such a request; it may be one without a head."""
        self._is_open = True
        self._refused: tuple[Request | None, Refusal] | None = None
        """The refusal to send after the answers to earlier requests."""
        self._ends = self._lingers = self._in_chunks = self._has_ended = False
        self._deadline = NEVER
        self._writable = asyncio.Event()
        self._waits_for_reading = False
        """Whether the client must read answers before its next request is looked at."""
        self._unsent = 0
        self._moved_at = 0.0
        self.on_loss: Callable[[], object] | None = None
        """Called if the client goes, or seems to. The door sets it while nothing has been begun for the request."""
        self.on_close: Callable[[], object] | None = None
        """Called if the connection ends before the answer is whole. The door sets it for requests whose time no queue
        limits."""
        self.is_https = False
        self.address = ""
        """The address of the client, or of the proxy before it."""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport
        transport.set_write_buffer_limits(MAX_UNSENT)
        self.is_https = transport.get_extra_info("sslcontext") is not None
        peer = transport.get_extra_info("peername")
        self.address = peer[0].partition("%")[0] if isinstance(peer, tuple) else ""
        self._writable.set()
        self._deadline = self._loop.time() + HEAD_SECONDS
        self._timer = self._loop.call_at(self._deadline, self._look_at_the_time)
        if not self._others.add(self):
            self.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _received

    def buffer_updated(self, nbytes: int) -> None:
        if self._reader.ended:
            return
        try:
            self._reader.feed(_received[:nbytes])
        except Refusal as refusal:
            self._refuse(refusal)
            return
        if self._is_busy:
            self._transport.pause_reading()  # one request after the other
        elif self._reader.waiting:
            if len(self._reader.waiting) > 1:
                self._transport.pause_reading()
            self._answer_next()
        elif self._reader.coming is not self._expected:
            self._expect(self._reader.coming)

    def eof_received(self) -> bool:
        """Some clients close their half of the connection after a request. A client that does so before its turn counts
        as gone.
        """
        self._has_ended = True
        if self._reader.coming is not None:
            self._refuse(BodyCut())
        elif self.on_loss is not None:
            self.on_loss()
            return False
        self._ends = True
        return self._is_busy and not self.is_https

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_open = False
        self._timer.cancel()
        self._others.discard(self)
        self._reader.end()
        self._forget_what_waits()
        self._writable.set()
        for call in (self.on_loss, self.on_close):
            if call is not None:
                call()

    def pause_writing(self) -> None:
        self._writable.clear()
        self._others.stalls(self)

    def resume_writing(self) -> None:
        self._writable.set()
        self._others.moves(self)
        if self._waits_for_reading:
            self._waits_for_reading = False
            self._go_on()

    # What the door calls. It does no harm once the client has gone.

    def respond(self, answer: Answer) -> None:
        """Write a whole answer. Its length is added, unless the headers have it."""
        if self.is_open:
            if not self._has_body(answer.status):
                self._transport.write(self._head(answer.lines))
            elif answer.has_length:
                self._transport.write(self._head(answer.lines) + answer.body)
            else:
                length = b"content-length: %d\r\n" % len(answer.body)
                self._transport.write(self._head(answer.lines + length) + answer.body)
        self._finish()

    def begin(self, status: int, headers: Headers) -> None:
        """Write the head of an answer whose body comes in parts."""
        request = self._answered
        if self._has_body(status) and not has_length(headers) and request is not None:
            self._in_chunks = request.version != HTTP_1_0
            if not self._in_chunks:  # the end of the connection ends the body
                self._end_after_this()
        if self._in_chunks:
            headers = [*headers, (b"transfer-encoding", b"chunked")]
        if self.is_open:
            self._transport.write(self._head(head_lines(status, headers)))

    async def write(self, part: bytes) -> None:
        """Write a part, when the client has read those before it."""
        await self._writable.wait()
        if self.is_open:
            self._transport.write(b"%x\r\n%b\r\n" % (len(part), part) if self._in_chunks else part)

    def end(self) -> None:
        """End the answer: the last part was written."""
        if self._in_chunks and self.is_open:
            self._transport.write(b"0\r\n\r\n")
        self._finish()

    def abort(self) -> None:
        """End the connection at once. In the middle of an answer the client sees that something is missing."""
        self._transport.abort()

    @property
    def is_open(self) -> bool:
        """Whether the client is still there. asyncio says so a little later than it knows."""
        return self._is_open and not self._transport.is_closing()

    @property
    def is_idle(self) -> bool:
        """Whether nothing that the client asked for is still to be answered."""
        is_done = not self._is_busy or self._waits_for_reading
        return is_done and self._reader.coming is None and not self._reader.waiting

    @property
    def claim(self) -> Claim:
        """How strong its claim to stay is when new connections come."""
        if self._is_busy and not self._waits_for_reading:
            return Claim.IN_TURN if self.on_close is None else Claim.WAITS
        return Claim.INCOMPLETE if self._reader.coming is not None else Claim.IDLE

    @property
    def deadline(self) -> float:
        """When it will have waited too long."""
        return self._deadline

    def close_soon(self) -> None:
        """End it, after the answer that is due."""
        self._ends = True
        if self.is_idle:
            self._close()

    # The rest.

    def _answer_next(self) -> None:
        if self._is_busy or not self._reader.waiting:
            return
        self._is_busy = True
        self._answered = request = self._reader.waiting.popleft()
        self._expected = None
        self._deadline = NEVER
        self._door.answer(request, self)

    def _expect(self, request: Request | None) -> None:
        """Wait for a body that has not come together with its head."""
        self._expected = request
        self._deadline = self._loop.time() + BODY_SECONDS
        if request is not None and request.version != HTTP_1_0 and _awaits_leave(request.headers):
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _give_way(self) -> None:
        self._refuse(Busy())

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse a request that has not come whole, after the answers to earlier requests."""
        self._refused = self._reader.coming, refusal
        self._reader.end()
        self._ends = True
        if not self._is_busy:
            self._go_on()

    def _end_after_this(self) -> None:
        """Leave all further requests without an answer."""
        self._ends = True
        self._reader.end()
        self._refused = None
        self._forget_what_waits()

    def _forget_what_waits(self) -> None:
        for request in self._reader.waiting:
            request.body.forget()
        self._reader.waiting.clear()

    def _has_body(self, status: int) -> bool:
        is_head = self._answered is not None and self._answered.method == "HEAD"
        return not is_head and status not in BODILESS

    def _head(self, lines: bytes) -> bytes:
        """The whole head: the connection's own header comes last."""
        request = self._answered
        is_last = self._ends and not self._reader.waiting and self._refused is None
        if is_last or request is None or not request.keeps:
            return lines + b"connection: close\r\n\r\n"
        if request.version == HTTP_1_0:
            return lines + b"connection: keep-alive\r\n\r\n"
        return lines + b"\r\n"

    def _finish(self) -> None:
        """Go on with the next request after an answer was written, or end."""
        request, self._answered = self._answered, None
        self._is_busy = self._in_chunks = False
        self.on_loss = self.on_close = None
        if request is not None:
            request.body.forget()
            self._ends = self._ends or not request.keeps
        if not self._is_open:
            return
        if not self._writable.is_set() and not self._ends:
            self._waits_for_reading = self._is_busy = True
            self._deadline = NEVER
        else:
            self._go_on()

    def _go_on(self) -> None:
        self._is_busy = False
        if self._reader.waiting:
            self._loop.call_soon(self._answer_next)
        elif self._refused is not None:
            self._is_busy = self._lingers = True
            (self._answered, refusal), self._refused = self._refused, None
            self._door.refuse(self._answered, refusal, self)
        elif self._ends:
            self._end()
        else:
            self._deadline = self._loop.time() + HEAD_SECONDS
            if not self._transport.is_reading():
                self._transport.resume_reading()
                if self._reader.coming is not None:
                    self._expect(self._reader.coming)

    def _end(self) -> None:
        """Close for writing, but read on for a while: the system drops an answer if bytes that came are not read."""
        self._reader.end()
        can_end = self._transport.can_write_eof()  # not with TLS
        if self._has_ended or not (can_end or self._lingers):
            self._close()
            return
        if can_end:
            with contextlib.suppress(OSError):  # the client has gone
                self._transport.write_eof()
        self._transport.resume_reading()
        self._deadline = self._loop.time() + LINGER_SECONDS
        self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._look_at_the_time)

    def _close(self) -> None:
        """Close it, once: at a second time asyncio's TLS forgets the connection, and nothing can end it any more.

        A client may leave the end of TLS without an answer. Until asyncio gives that up, the connection is the first
        that gives way.
        """
        self._deadline = min(self._deadline, self._loop.time())
        if not self._transport.is_closing():
            self._transport.close()

    def _look_at_the_time(self) -> None:
        """Use one timer for all deadlines. Most are not reached, and with this it costs nothing to put one off."""
        now = self._loop.time()
        unsent = self._transport.get_write_buffer_size()
        if unsent != self._unsent:
            self._unsent, self._moved_at = unsent, now
        if unsent:
            if now - self._moved_at > STALL_SECONDS:
                self._transport.abort()
        elif now >= self._deadline and not self._transport.is_closing():
            self._too_late()
        if self._is_open:
            soonest = now + (LONGEST_LOOK if unsent or self._transport.is_closing() else SHORTEST_LOOK)
            next_look = min(max(self._deadline, soonest), now + LONGEST_LOOK)
            self._timer = self._loop.call_at(next_look, self._look_at_the_time)

    def _too_late(self) -> None:
        if self._reader.coming is not None:
            self._refuse(BodyIncomplete(BODY_SECONDS))
        elif self._ends:
            self._transport.abort()
        else:
            self._close()


def _awaits_leave(headers: Headers) -> bool:
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
