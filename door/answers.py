"""An answer as bytes: all of it but what depends on the connection that it goes to."""

from http import HTTPStatus
from typing import NamedTuple

Headers = list[tuple[bytes, bytes]]
"""Names in lower case, and values."""
BODILESS = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})
STATUS_LINES = {each.value: b"HTTP/1.1 %d %b\r\n" % (each.value, each.phrase.encode()) for each in HTTPStatus}


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    lines: bytes
    """The status line and the headers, each with its end."""
    body: bytes
    has_length: bool
    """Whether the headers say how long the body is."""


def compose(status: int, headers: Headers, body: bytes) -> Answer:
    """The answer with these parts. Made once, it can be written many times."""
    return Answer(status, head_lines(status, headers), body, has_length(headers))


def head_lines(status: int, headers: Headers) -> bytes:
    """The status line and the headers."""
    return b"".join([_status_line(status), *[b"%b: %b\r\n" % header for header in headers]])


def has_length(headers: Headers) -> bool:
    """Whether they say how long the body is."""
    return b"content-length" in dict(headers)


def _status_line(status: int) -> bytes:
    return STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
