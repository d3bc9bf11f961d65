"""Errors as RFC 9457 problem documents: what is wrong, where, and what to do."""

import math
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import DisallowedHost, PermissionDenied, RequestDataTooBig
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.response import Response
from rest_framework.views import set_rollback

from alerts.api.request_body.parsers import BodyTooLarge
from alerts.escalation.withdrawal import AlreadyEnded
from alerts.intake import Conflict, Unreachable
from alerts.states import AlertState
from config import database, outages

MEDIA_TYPE = "application/problem+json"
DATABASE_RETRY_SECONDS = 5
TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""The names in RFC 9110. Python has them from 3.13; the API must not depend on the version of Python."""
ENDED = {
    AlertState.CANCELLED: "Staff have cancelled this alert.",
    AlertState.CLOSED: "Staff have dealt with this alert.",
}

log = structlog.get_logger(__name__)


class FieldErrorSerializer(serializers.Serializer[dict[str, str]]):
    """One invalid field."""

    field = serializers.CharField(
        allow_blank=True, help_text="The field's name; empty for the body as a whole."
    )
    message = serializers.CharField(help_text="What is wrong, and what would be right.")


class ProblemSerializer(serializers.Serializer[dict[str, Any]]):
    """RFC 9457. `title` is the same for every problem with the same status, `detail` is about this one."""

    type = serializers.CharField(help_text="`about:blank`: the status says what kind of problem it is.")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="A stable word for programs.")
    errors = FieldErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # RFC's word
    differing_fields = serializers.ListField(child=serializers.CharField(), required=False)


def handle(error: Exception, context: dict[str, Any]) -> Response:  # noqa: C901, PLR0911 - one case for each error
    """DRF's exception handler: every exception becomes a problem document. Unexpected ones are logged."""
    set_rollback()
    match error:
        case exceptions.ValidationError():
            what = "The alert is" if context["request"].method == "POST" else "The parameters are"
            return _problem(
                400, "invalid", f"{what} not valid: see `errors`.", errors=field_errors(error.detail)
            )
        case exceptions.UnsupportedMediaType():
            return _problem(
                415, "unsupported_media_type", "Send the alert with Content-Type: application/json."
            )
        case RequestDataTooBig():  # Django's own limit, which comes first
            return _from_drf(BodyTooLarge())
        case exceptions.APIException():
            return _from_drf(error)
        case Http404():
            return _problem(404, "not_found", "There is no such alert, or it is not yours.")
        case PermissionDenied():
            return _problem(403, "permission_denied", "This token may not do that.")
        case Conflict():
            return _conflict(error)
        case AlreadyEnded():
            detail = f"{ENDED[error.state]} Nothing was changed, and there is nothing left to withdraw."
            return _problem(409, "ended", detail)
        case Unreachable():
            return _unreachable(error)
        case _ if isinstance(error, database.AWAY):
            return _database_away(error)
        case _:
            log.error("request.failed", exc_info=error)
            return _internal()


def insecure() -> HttpResponse:
    """The response to a request over http. It is sent before DRF runs, so it is a Django response."""
    detail = (
        "Nothing was done: the request came over http. Send it over https. The token was sent unencrypted: consider it "
        "leaked, and ask Bleep's staff for a new one."
    )
    return _as_django(_problem(403, "https_required", detail))


def no_such_address() -> HttpResponse:
    """The response at an address that the API does not have."""
    detail = "There is nothing at this address. Send alerts to /notification; read one at /notification/<message_id>."
    return _as_django(_problem(404, "not_found", detail))


def bad_request(error: Exception) -> HttpResponse:
    """The response to a request that Django refuses before a view sees it."""
    if isinstance(error, DisallowedHost):
        detail = (
            "Bleep does not serve this host name. Use the name that its staff gave you, or have it added to "
            "ALLOWED_HOSTS."
        )
    else:
        detail = "The request is malformed. Nothing was stored."
    return _as_django(_problem(400, "bad_request", detail))


def failed(error: BaseException | None) -> HttpResponse:
    """The response where something failed before a view ran, or after it."""
    response = _database_away(error) if isinstance(error, database.AWAY) else _internal()
    return _as_django(response)


def is_from_a_program(request: HttpRequest) -> bool:
    """Whether to answer with a problem document: at the API's addresses, misspelt ones too, and for requests in JSON.

    At any other address, a request that sends something is from a program too, unless it asks for a page or has the
    Origin header of a browser.
    """
    accepts = request.headers.get("Accept", "")
    if request.path_info.lower().startswith("/notification") or "json" in f"{accepts} {request.content_type}":
        return True
    is_browser = "text/html" in accepts or "Origin" in request.headers
    return request.method not in SAFE_METHODS and not is_browser


def field_errors(detail: Any, prefix: str = "") -> list[dict[str, str]]:
    """DRF's nested error detail as a flat list."""
    if isinstance(detail, dict):
        return [
            entry
            for name, inner in detail.items()
            for entry in field_errors(inner, prefix if name == "non_field_errors" else f"{prefix}{name}")
        ]
    return [{"field": prefix, "message": str(message)} for message in detail]


def _from_drf(error: exceptions.APIException) -> Response:
    code = getattr(error.detail, "code", None) or error.default_code
    response = _problem(error.status_code, str(code), str(error.detail))
    if challenge := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = challenge
    if (wait := getattr(error, "wait", None)) is not None:
        response["Retry-After"] = str(math.ceil(wait))
    return response


def _conflict(error: Conflict) -> Response:
    if not error.fields:
        detail = "This message_id is taken. Nothing was sent: use another."
        return _problem(409, "message_id_taken", detail)
    detail = (
        f"This message_id was used for an alert with another {', '.join(error.fields)}. Nothing was sent or changed: "
        "use a new message_id for a new alert."
    )
    return _problem(409, "conflict", detail, differing_fields=list(error.fields))


def _internal() -> Response:
    detail = "Something went wrong on our side. Send the same again; X-Request-ID finds this in our logs."
    return _problem(500, "internal", detail)


def _database_away(error: Error) -> Response:
    cause = database.cause(error)
    outages.DATABASE.failed(error, cause)
    database.forget_session()
    seconds = DATABASE_RETRY_SECONDS
    what = cause or "The database does not answer."
    detail = f"{what} Send the same again in {seconds} seconds: it is safe to repeat."
    return _problem(503, "unavailable", detail, retry_after=seconds)


def _unreachable(error: Unreachable) -> Response:
    code = error.reason.value if error.reason else "unknown_contact"
    reason = error.reason.label if error.reason else "There is no clinician with this contact_id."
    detail = f"{reason} Nothing was stored: once this is fixed, send the same message_id again."
    return _problem(422, code, detail, errors=[{"field": "contact_id", "message": str(reason)}])


def _problem(status: int, code: str, detail: str, *, retry_after: int | None = None, **more: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    response = Response(body, status=status, content_type=MEDIA_TYPE)
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def _as_django(response: Response) -> HttpResponse:
    """The same response without DRF, which renders only what its views return."""
    headers = {name: value for name, value in response.items() if name != "Content-Type"}
    return JsonResponse(response.data, status=response.status_code, content_type=MEDIA_TYPE, headers=headers)
