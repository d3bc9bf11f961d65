"""Reads requests from the bytes of a connection, each with its whole body.

httptools does it with llhttp, the parser of Node.js, in its strict mode. A request that it refuses ends the connection,
so that nobody behind the door can read it in another way.
"""

from collections import deque
from collections.abc import Callable
from urllib.parse import unquote_to_bytes, urlsplit

import httptools

from door.answers import Headers
from door.client.body import Bodies, Body, GiveWay, Heads
from door.errors import HeadTooLarge, Malformed, Refusal, TooManyAtOnce
from door.settings import MAX_HEAD_BYTES, MAX_HEADERS, MAX_PIPELINED

FRAMING = frozenset({b"content-length", b"transfer-encoding"})
HTTP_1_0 = "1.0"
VERSIONS = frozenset({HTTP_1_0, "1.1"})
OF_A_REQUEST, OF_A_HEADER = 1024, 128
"""The memory that Python takes for each request and for each header, besides the bytes that came."""


class Request:
    """A request. Names of headers are in lower case."""

    def __init__(
        self, method: str, target: str, path: str, headers: Headers, body: Body, version: str
    ) -> None:
        self.method = method
        self.target = target
        """The path and query as they came."""
        self.path = path
        """The path without query and percent signs, as the services read it."""
        self.headers = headers
        self.body = body
        self.version = version
        self.keeps = True
        """Whether the connection may be used again."""
        self.is_known: bool | None = None
        """Whether the API accepted its token lately; None if nobody has asked yet, or the answer may have changed."""


class Reader:
    """The requests of one connection.

    `bodies_for` gives the memory for the body of a path, and `heads` counts heads that are not complete. `on_eviction`
    is called if either must give way to others.
    """

    def __init__(self, bodies_for: Callable[[str], Bodies], heads: Heads, on_eviction: GiveWay) -> None:
        self._bodies_for = bodies_for
        self._heads = heads
        self._on_eviction = on_eviction
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: Headers = []
        self._head_bytes = self._head_lines = 0
        self._fruitless = 0
        """How many bytes in a row had no head and no part of a body in them."""
        self._counted = 0
        """How many of these bytes `heads` counts."""
        self._is_second_parser = False
        self.coming: Request | None = None
        """The request whose body will come."""
        self.waiting: deque[Request] = deque()
        """Requests that nobody has taken yet."""
        self.ended = False
        """Whether the bytes that come now are left unread."""

    def feed(self, data: memoryview) -> None:
        """Read bytes that have come. Raises Refusal: then it must not read on."""
        self._fruitless += len(data)
        try:
            self._parse(data)
            if self._fruitless > MAX_HEAD_BYTES:
                raise HeadTooLarge
            self._count_the_head(self._fruitless)
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Refusal):
                raise
            raise error.__context__ from None
        except httptools.HttpParserError:
            if not self.ended:  # what follows the last request harms nobody
                raise Malformed from None

    def end(self) -> None:
        """Read no more, and forget an incomplete request."""
        self.ended = True
        self._target, self._headers = b"", []
        self._count_the_head(0)
        if self.coming is not None:
            self.coming.body.forget()
            self.coming = None

    def _count_the_head(self, size: int) -> None:
        if size != self._counted and not (size and self.ended):
            self._counted = size
            self._heads.note(self._on_eviction, size)

    def _parse(self, data: memoryview) -> None:
        rest = None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        # Not above: there `feed` would find the upgrade as the context of its error, instead of the refusal.
        if rest is not None and self.coming is not None:
            self._stay_with_http_1(self.coming, rest)

    def _stay_with_http_1(self, request: Request, rest: memoryview) -> None:
        """Go on after a client has asked for another protocol, as Java's does by default. It need not get it (RFC 9110,
        7.8).

        llhttp stops before the body then, so a second parser reads that. The connection ends with the answer.
        """
        self._is_second_parser = True
        self._parser = httptools.HttpRequestParser(self)
        framing = b"".join([b"%b: %b\r\n" % each for each in request.headers if each[0] in FRAMING])
        self._parser.feed_data(b"POST / HTTP/1.1\r\nconnection: close\r\n%b\r\n" % framing)
        if self.coming is not None:
            self._parser.feed_data(rest)

    # What the parser calls.

    def on_url(self, part: bytes) -> None:
        """A part of the address."""
        if not self._is_second_parser:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer: trailers are left out."""
        self._head_bytes += len(name) + len(value)
        self._head_lines += 1
        if self._head_bytes > MAX_HEAD_BYTES or self._head_lines > MAX_HEADERS:
            raise HeadTooLarge
        if self.coming is None:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The head is complete. The body will come, unless there is none."""
        self._fruitless = 0
        if self._is_second_parser:
            return
        version = self._parser.get_http_version()
        if version not in VERSIONS:
            raise Malformed
        if len(self._target) > MAX_HEAD_BYTES:
            raise HeadTooLarge
        target = self._target.decode("latin-1")
        if "#" in target:  # the services ignore the rest, and so find another path
            raise Malformed
        if not target.startswith("/"):
            target = _without_host(target)
        path = _path_of(target)
        length = _announced(self._headers, version)
        body = self._bodies_for(path).begin(self._on_eviction)
        method = self._parser.get_method().decode("latin-1")
        self.coming = Request(method, target, path, self._headers, body, version)
        self._target, self._headers = b"", []
        head = len(target) + self._head_bytes + self._head_lines * OF_A_HEADER + OF_A_REQUEST
        body.announce(length, head=head)

    def on_body(self, part: bytes) -> None:
        """A part of the body."""
        self._fruitless = 0
        if self.coming is not None:
            self.coming.body.add(part)

    def on_message_complete(self) -> None:
        """The body has come."""
        if self.coming is None or self._parser.should_upgrade():
            return
        if len(self.waiting) >= MAX_PIPELINED:
            raise TooManyAtOnce
        request, self.coming = self.coming, None
        self._fruitless = self._head_bytes = self._head_lines = 0
        request.body.complete()
        request.keeps = self._parser.should_keep_alive()
        self.ended = not request.keeps
        self.waiting.append(request)


def _path_of(target: str) -> str:
    path = target.partition("?")[0]
    return unquote_to_bytes(path).decode("latin-1") if "%" in path else path


def _announced(headers: Headers, version: str) -> int:
    """The length that a head announces; 0 without one. Raises Malformed for a head that others may read differently.

    HTTP/1.0 has no chunks: a proxy before the door may take them for the next request.
    """
    length = hosts = 0
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name == b"host":
            hosts += 1
        elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version == HTTP_1_0):
            raise Malformed
    if hosts > 1:
        raise Malformed
    return length


def _without_host(target: str) -> str:
    """The path and query, also if the client sends the whole address, as to a proxy."""
    if not target.lower().startswith(("http://", "https://")):
        return target
    try:
        parts = urlsplit(target)
    except ValueError:  # brackets without an address between them
        raise Malformed from None
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
