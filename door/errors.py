"""What the door refuses, and how it says so: a problem document (RFC 9457) for the API, a plain line for browsers."""

import json
from http import HTTPStatus

JSON = b"application/problem+json"
TEXT = b"text/plain; charset=utf-8"
TITLES = {413: "Content Too Large"}
"""The names in RFC 9110 that Python has from 3.13 only."""


class Refusal(Exception):
    """A request that the door answers itself. `closes`: its connection cannot be used again."""

    status = 500
    code = "internal"
    detail = ""
    closes = False
    retry_after: int | None = None


class BodyTooLarge(Refusal):
    """413. The API has a sentence of its own for it: `alerts.api.body.parsers.BodyTooLarge`."""

    status = 413
    code = "too_large"
    closes = True

    def __init__(self, max_body_bytes: int) -> None:
        self.detail = f"The body is larger than {max_body_bytes // 1024} KiB. Nothing was stored."


class BodyIncomplete(Refusal):
    """408."""

    status = 408
    code = "incomplete"
    closes = True

    def __init__(self, seconds: float) -> None:
        self.detail = (
            f"The request was not complete after {seconds:.0f} seconds. Nothing was stored: send it again."
        )


class BodyCut(Refusal):
    """400: the connection ended within the body. Some clients still listen."""

    status = 400
    code = "incomplete"
    closes = True
    detail = "The request ended before its body did. Nothing was stored: send the same again."


class BodyInPieces(Refusal):
    """400: reading it costs far more than sending it."""

    status = 400
    code = "too_many_chunks"
    closes = True
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


class NotFound(Refusal):
    """404: what the door does not publish."""

    status = 404
    code = "not_found"
    detail = "There is nothing at this address."


def body_of(refusal: Refusal, *, api: bool) -> tuple[bytes, bytes]:
    """The media type and the body that tell the client."""
    if not api:
        return TEXT, f"{refusal.detail}\n".encode()
    problem = {
        "type": "about:blank",
        "title": TITLES.get(refusal.status) or HTTPStatus(refusal.status).phrase,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
    }
    return JSON, json.dumps(problem).encode()
