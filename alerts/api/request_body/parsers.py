"""The body of a request."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

MAX_BODY = 64 * 1024
"""Bytes: an alert with every field full, written in JSON's longest escapes, takes about 18 KB."""


class BodyTooLarge(APIException):
    """413. The front door has the same limit, and a sentence of its own: `door.errors.BodyTooLarge`."""

    status_code = 413
    default_code = "too_large"
    default_detail = (
        f"The body is larger than {MAX_BODY // 1024} KiB. An alert is far smaller: send one at a time."
    )


class BoundedJSONParser(JSONParser):
    """JSON in UTF-8, with or without a byte order mark, at most `MAX_BODY` bytes.

    Django's own limit does not apply to DRF's parsers.
    """

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Raises BodyTooLarge (413) or ParseError (400), with a message that does not repeat the body."""
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BodyTooLarge
        if not body.strip():
            raise ParseError("The body is empty. Send the alert as a JSON object.")
        found = self._decoded(body)
        if not isinstance(found, dict):
            raise ParseError("The body must be one JSON object, with the alert's fields.")
        return found

    def _decoded(self, body: bytes) -> Any:
        try:
            return json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_once_each)
        except UnicodeDecodeError as error:
            raise ParseError(f"The body is not UTF-8: byte {error.start} starts no character.") from None
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise ParseError(f"The body is not JSON: {error.msg} at {where}.") from None
        except ParseError:
            raise
        except (ValueError, RecursionError):
            raise ParseError(
                "The body is not JSON that can be an alert. Send one flat object of strings."
            ) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a field that appears twice: the alert must not depend on which one is read."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ParseError("The JSON names a field twice. Send each once.")
    return found


def _refuse(_constant: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON.")
