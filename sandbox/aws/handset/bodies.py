"""JSON requests and responses."""

import json
from collections.abc import Mapping

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from sandbox.aws.answers import E164


def answer(value: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(value), status, content_type="application/json")


def body(request: Request) -> object:
    """The JSON of the request. Raises BadRequest if the body is not JSON."""
    try:
        return json.loads(request.get_data())
    except ValueError as wrong:
        raise BadRequest("The body must be JSON.") from wrong


def fields(request: Request, *known: str) -> Mapping[str, object]:
    """The fields of a body with no other fields than these. Raises BadRequest otherwise."""
    given = body(request)
    if not isinstance(given, dict) or not set(given) <= set(known):
        names = " and ".join(f"'{name}'" for name in known)
        raise BadRequest(f"Give a JSON object with {names}.")
    return given


def number(given: Mapping[str, object]) -> str:
    """The field 'number'. Raises BadRequest if it is not a phone number."""
    value = given.get("number")
    if not isinstance(value, str) or not E164.fullmatch(value):
        raise BadRequest("Give 'number' in E.164 format, such as +447700900001.")
    return value
