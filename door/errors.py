"""The requests that the door refuses, and the answers: a problem document (RFC 9457) for the API, a plain line for
browsers.
"""

import json
from functools import lru_cache
from http import HTTPStatus

from door.answers import Answer, Headers, compose
from door.settings import MAX_HEAD_BYTES, MAX_HEADERS, MAX_PIPELINED

JSON = b"application/problem+json"
TEXT = b"text/plain; charset=utf-8"
OF_DATA: Headers = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
]
"""Headers of every answer of the door's own, as in alerts/monitoring/probes.py."""
TITLES = {413: "Content Too Large", 431: "Request Header Fields Too Large"}
"""The names in RFC 9110 that Python has from 3.13 only."""


class Refusal(Exception):
    """A request that the door answers itself."""

    status = 500
    code = "internal"
    detail = ""
    retry_after: int | None = None


class BodyTooLarge(Refusal):
    """413. The API has a sentence of its own for it: `alerts.api.request_body.parsers.BodyTooLarge`."""

    status = 413
    code = "too_large"

    def __init__(self, max_body_bytes: int) -> None:
        self.detail = f"The body is larger than {max_body_bytes // 1024} KiB. Nothing was stored."


class BodyIncomplete(Refusal):
    """408."""

    status = 408
    code = "incomplete"

    def __init__(self, seconds: float) -> None:
        self.detail = (
            f"The request was not complete after {seconds:.0f} seconds. Nothing was stored: send it again."
        )


class BodyCut(Refusal):
    """400: the connection ended within the body. Some clients still listen."""

    status = 400
    code = "incomplete"
    detail = "The request ended before its body did. Nothing was stored: send the same again."


class BodyInPieces(Refusal):
    """400: reading it costs far more than sending it."""

    status = 400
    code = "too_many_chunks"
    detail = "The body comes in too many chunks of a few bytes. Nothing was stored: send it in larger ones."


class Busy(Refusal):
    """503: more requests than Bleep can answer soon."""

    status = 503
    code = "busy"
    retry_after = 2
    detail = (
        "Bleep has more to do than it can answer soon. Nothing was stored: send the same again in 2 seconds."
    )


class Unavailable(Refusal):
    """503: the service behind the door does not answer."""

    status = 503
    code = "unavailable"
    retry_after = 5

    def __init__(self, *, repeatable: bool) -> None:
        self.detail = (
            "This part of Bleep does not answer. Send the same again in 5 seconds: it is safe to repeat."
            if repeatable
            else "This part of Bleep does not answer. Check in a minute whether your change was saved."
        )


class Malformed(Refusal):
    """400: not HTTP/1, or written so that another program could read it differently."""

    status = 400
    code = "malformed"
    detail = "This is not a request that HTTP/1.1 allows (RFC 9112). Nothing was stored."


class HeadTooLarge(Refusal):
    """431."""

    status = 431
    code = "head_too_large"
    detail = (
        f"The address and the headers have more than {MAX_HEAD_BYTES // 1024} KiB, or there are more than "
        f"{MAX_HEADERS} headers. Nothing was stored."
    )


class TooManyAtOnce(Refusal):
    """503: a connection has sent more requests than may wait on it."""

    status = 503
    code = "too_many_at_once"
    retry_after = 1
    detail = (
        f"More than {MAX_PIPELINED} requests came at once on one connection. This one was not looked at: send it again "
        "when the others are answered."
    )


class NotFound(Refusal):
    """404: an address that the door does not publish."""

    status = 404
    code = "not_found"
    detail = "There is nothing at this address."


def answer_to(refusal: Refusal, *, api: bool) -> Answer:
    """The answer to the client."""
    return _answer_to(refusal.status, refusal.code, refusal.detail, refusal.retry_after, api)


@lru_cache(maxsize=64)  # the same few again and again, when refusals are most frequent
def _answer_to(status: int, code: str, detail: str, retry_after: int | None, api: bool) -> Answer:  # noqa: FBT001
    kind, body = (JSON, _problem(status, code, detail)) if api else (TEXT, f"{detail}\n".encode())
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), *OF_DATA]
    if retry_after is not None:
        headers.append((b"retry-after", b"%d" % retry_after))
    return compose(status, headers, body)


def _problem(status: int, code: str, detail: str) -> bytes:
    return json.dumps(
        {
            "type": "about:blank",
            "title": TITLES.get(status) or HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
        }
    ).encode()
