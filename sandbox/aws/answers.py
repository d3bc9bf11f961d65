"""Answers in the formats of SNS (query XML), Connect (rest-json) and SQS (json), and botocore's models of them."""

import json
import re
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any, Literal
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ServiceModel
from werkzeug.wrappers import Response

Service = Literal["sns", "sqs", "connect"]

E164 = re.compile(r"\+[1-9]\d{1,14}")
"""E.164, as both services require. The pattern in Connect's own model is over-escaped and matches nothing."""

_SNS_NAMESPACE = "http://sns.amazonaws.com/doc/2010-03-31/"
_FORBIDDEN = ("AccessDenied", "Expired", "InvalidClientTokenId", "NotAuthorized", "UnrecognizedClient")
"""Common errors that a service's own model leaves out, https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html"""


@dataclass(frozen=True)
class Call:
    """One signed request to AWS: the operation as faults name it, its recipients, and how to carry it out."""

    service: Service
    operation: str
    recipients: Callable[[], Collection[str]]
    carry_out: Callable[[], Response]


class AwsError(Exception):
    """AWS would refuse the request. boto3 raises `code` as ClientError."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@cache
def model(service: Service) -> ServiceModel:
    """Botocore's model of the service: what stock boto3 sends and expects."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def _statuses(service: Service) -> Mapping[str, int]:
    errors = ((shape.name, shape.metadata.get("error", {})) for shape in model(service).error_shapes)
    return {error.get("code", name): error.get("httpStatusCode", 400) for name, error in errors}


def error(service: Service, code: str, message: str, status: int | None = None) -> Response:
    """An error in the service's format. Without `status`, the model's status for the code is used."""
    if status is None:
        fallback = 403 if code.startswith(_FORBIDDEN) else 400
        status = _statuses(service).get(code, fallback)
    if service == "connect":
        return _rest_json({"Message": message}, status, {"x-amzn-errortype": code})
    if service == "sqs":
        return _rest_json({"__type": f"com.amazonaws.sqs#{code}", "message": message}, status, {})
    fault = "Receiver" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "Sender"
    return _query_xml(
        "ErrorResponse",
        f"<Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>",
        status,
    )


def sns_result(operation: str, members: Mapping[str, str]) -> Response:
    """A successful SNS answer with plain strings."""
    inside = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members.items())
    return _query_xml(f"{operation}Response", f"<{operation}Result>{inside}</{operation}Result>", 200)


def connect_result(members: Mapping[str, Any]) -> Response:
    """A successful Connect answer."""
    return _rest_json(members, 200, {})


def _rest_json(body: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> Response:
    identified = {**headers, "x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(body), status, identified, content_type="application/json")


def _query_xml(root: str, inside: str, status: int) -> Response:
    request_id = f"<RequestId>{uuid.uuid4()}</RequestId>"
    if status == HTTPStatus.OK:
        request_id = f"<ResponseMetadata>{request_id}</ResponseMetadata>"
    body = f'<{root} xmlns="{_SNS_NAMESPACE}">{inside}{request_id}</{root}>'
    return Response(body, status, content_type="text/xml")
