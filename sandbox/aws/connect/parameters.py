"""The input of Connect: the paths of its operations, and the rules for their parameters."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from botocore.model import OperationModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from sandbox.aws.answers import E164, AwsError

_ATTRIBUTES_BYTES = 32_768
"""The rule: "32768 UTF-8 bytes across all key-value pairs"; "alphanumeric, dash, and underscore", the API reference."""
_ATTRIBUTE_KEY = re.compile(r"[A-Za-z0-9_-]+")

Params = dict[str, Any]


class OperationPath:
    """The HTTP method and path of an operation, from the model."""

    def __init__(self, operation: OperationModel) -> None:
        self.operation = operation
        self._method = operation.http["method"]
        self._path = re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", operation.http["requestUri"]))

    def match(self, method: str, path: str) -> Params | None:
        """The parameters in the path, or None if the request is for another operation."""
        found = self._path.fullmatch(path) if method == self._method else None
        return {name: unquote(value) for name, value in found.groupdict().items()} if found else None


def check(shape: StructureShape | None, params: Params) -> None:
    """Validate input by the service's model. Raises AwsError as Connect would."""
    if shape is None:
        return
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise AwsError("InvalidRequestException", report.generate_report())
    for name, member in shape.members.items():
        if name in params:
            _check_bounds(name, member, params[name])


def _check_bounds(name: str, shape: Shape, value: object) -> None:
    """Check upper bounds and enumerations, which ParamValidator leaves to the service."""
    highest = shape.metadata.get("max")
    size = len(value) if isinstance(value, str) else value
    if highest is not None and isinstance(size, int) and size > highest:
        raise AwsError("InvalidParameterException", f"{name} is above the maximum of {highest}.")
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        raise AwsError("InvalidParameterException", f"{name} must be one of {', '.join(shape.enum)}.")


def check_call(params: Params) -> None:
    """Check the rules for a new call that the model does not contain."""
    if not (params.get("SourcePhoneNumber") or params.get("QueueId")):
        raise AwsError("InvalidRequestException", "Either SourcePhoneNumber or QueueId is required.")
    for name in ("DestinationPhoneNumber", "SourcePhoneNumber"):
        if name in params and not E164.fullmatch(params[name]):
            raise AwsError("InvalidParameterException", f"{name} must be a phone number in E.164 format.")
    check_attributes(params.get("Attributes", {}))


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Check Connect's limits on contact attributes."""
    if not all(_ATTRIBUTE_KEY.fullmatch(key) for key in attributes):
        raise AwsError("InvalidParameterException", "Attributes may have keys of [A-Za-z0-9_-] only.")
    if sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items()) > _ATTRIBUTES_BYTES:
        raise AwsError("InvalidParameterException", f"Attributes exceed {_ATTRIBUTES_BYTES} bytes.")


def json_object(body: bytes) -> Params:
    """Parse a body. An invalid one counts as empty, so that required parameters are missing."""
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
