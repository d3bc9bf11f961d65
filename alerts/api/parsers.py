"""Reading a request's body."""

from collections.abc import Mapping
from io import BytesIO
from typing import IO, Any

from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

MAX_BODY = 64 * 1024
"""Bytes: an alert with every field full, written in JSON's longest escapes, takes about 18 KB."""


class BodyTooLarge(APIException):
    """413."""

    status_code = 413
    default_code = "too_large"
    default_detail = (
        f"The body is larger than {MAX_BODY // 1024} KiB. An alert is far smaller: send one at a time."
    )


class BoundedJSONParser(JSONParser):
    """JSON in UTF-8, of at most `MAX_BODY` bytes: Django's own limit does not hold for DRF's parsers."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise BodyTooLarge
        if not body.strip():
            raise ParseError("The body is empty. Send the alert as a JSON object.")
        try:
            return super().parse(BytesIO(body), media_type, {**(parser_context or {}), "encoding": "utf-8"})
        except RecursionError:
            raise ParseError("The JSON is nested too deeply. Send the alert as one flat object.") from None
