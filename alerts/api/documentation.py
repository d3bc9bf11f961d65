"""The OpenAPI description of the views, with examples. It is here to keep the views short."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from alerts.api.problems import MEDIA_TYPE, ProblemSerializer
from alerts.api.response_body.alert import AlertDetailSerializer, AlertSerializer, PageSerializer
from alerts.api.serializers import AlertFilterSerializer, NewAlertSerializer
from clients import sample

NEW_ALERT = OpenApiExample("Blood results", request_only=True, value=sample.ALERT)
_DELIVERY = {
    "id": "6f1c0c52-7a55-4a7c-9a63-0d4f0a5b2f11",
    "engagement": None,
    "round": 1,
    "position": 1,
    "channel": "email",
    "address": "d***@dev.co.uk",
    "parts": None,
    "reason": "",
    "possible_duplicate": False,
    "created_at": "2026-01-05T08:30:00.000000Z",
}
_NOBODY = {"state": "none", "by": None, "at": None, "proof": None, "step": None}
_ALERT = {
    "message_id": "123",
    "status": "queued",
    "created_at": "2026-01-05T08:30:00.000000Z",
    "responsibility": _NOBODY,
    "engagements": [],
}
STORED = OpenApiExample(
    "Stored",
    response_only=True,
    status_codes=["202"],
    value={**_ALERT, "deliveries": [{**_DELIVERY, "state": "pending", "finished_at": None}]},
)
SENT = OpenApiExample(
    "Sent",
    response_only=True,
    status_codes=["200"],
    value={
        **_ALERT,
        "status": "sent",
        "deliveries": [{**_DELIVERY, "state": "sent", "finished_at": "2026-01-05T08:30:00.250000Z"}],
    },
)
_ENGAGEMENT = {
    "number": 1,
    "contact_id": "C-1",
    "step": 1,
    "why": "addressed",
    "state": "undefined",
    "proof": None,
    "asked_at": "2026-01-05T08:30:00.000000Z",
    "due_at": "2026-01-05T08:32:00.000000Z",
    "ended_at": "2026-01-05T08:32:00.400000Z",
}
_COLLEAGUE = {
    **_ENGAGEMENT,
    "number": 2,
    "contact_id": "C-2",
    "step": 2,
    "why": "named",
    "state": "accepted",
    "proof": "call_key",
    "asked_at": "2026-01-05T08:32:00.400000Z",
    "due_at": "2026-01-05T08:34:00.400000Z",
    "ended_at": "2026-01-05T08:32:48.100000Z",
}
_CALL = {
    **_DELIVERY,
    "engagement": 1,
    "channel": "call",
    "address": "+*********001",
    "state": "delivered",
    "finished_at": "2026-01-05T08:30:00.250000Z",
}
_ACCEPTED = {
    **_ALERT,
    "status": "acknowledged",
    "responsibility": {
        "state": "accepted",
        "by": "C-2",
        "at": _COLLEAGUE["ended_at"],
        "proof": "call_key",
        "step": 2,
    },
    "engagements": [_ENGAGEMENT, _COLLEAGUE],
    "deliveries": [
        _CALL,
        {
            **_CALL,
            "id": "b1b7c9b2-2f5e-4a43-8f0c-7f3b0a9f6c55",
            "engagement": 2,
            "address": "+*********201",
            "created_at": _COLLEAGUE["asked_at"],
            "finished_at": "2026-01-05T08:32:00.700000Z",
        },
    ],
}
ANSWERED = OpenApiExample(
    "Accepted by a colleague", response_only=True, status_codes=["200"], value=_ACCEPTED
)
WITHDRAWN = OpenApiExample(
    "Withdrawn", response_only=True, status_codes=["200"], value={**_ACCEPTED, "status": "withdrawn"}
)


def _problem(
    status: int, when: str, code: str, detail: str, *, also: Mapping[str, str] | None = None, **more: Any
) -> OpenApiResponse:
    """A response with an example of its problem document, and one more for each code in `also`."""
    examples = [
        OpenApiExample(
            each,
            response_only=True,
            status_codes=[str(status)],
            value={
                "type": "about:blank",
                "title": when,
                "status": status,
                "detail": sentence,
                "code": each,
                **more,
            },
        )
        for each, sentence in {code: detail, **(also or {})}.items()
    ]
    return OpenApiResponse(ProblemSerializer, description=when, examples=examples)


INVALID = _problem(
    400, "Bad Request", "invalid", "The alert is not valid: see `errors`.",
    errors=[{"field": "priority", "message": "This must be L, M or H."}],
)  # fmt: skip
READING: dict[Any, Any] = {
    (401, MEDIA_TYPE): _problem(
        401, "Unauthorized", "authentication_failed", "Unknown token."
    ),
    (403, MEDIA_TYPE): _problem(
        403, "Forbidden", "permission_denied", "This token may only read.",
        also={"https_required": "Nothing was done: the request came over http. Send it over https."},
    ),
    (429, MEDIA_TYPE): _problem(
        429, "Too Many Requests", "throttled", "Over this client's rate: see Retry-After."
    ),
    (500, MEDIA_TYPE): _problem(
        500, "Internal Server Error", "internal", "Something went wrong on our side. Send the same again."
    ),
    (503, MEDIA_TYPE): _problem(
        503, "Service Unavailable", "unavailable", "The database does not answer. Send the same again.",
        also={"busy": "Bleep has more to do than it can answer soon. Nothing was stored: see Retry-After."},
    ),
}  # fmt: skip
SENDING: dict[Any, Any] = {
    **READING,
    (400, MEDIA_TYPE): INVALID,
    (408, MEDIA_TYPE): _problem(
        408, "Request Timeout", "incomplete", "The request was not complete in time. Nothing was stored."
    ),
    (409, MEDIA_TYPE): _problem(
        409, "Conflict", "conflict", "This message_id was used for an alert with another priority.",
        differing_fields=["priority"],
    ),
    (413, MEDIA_TYPE): _problem(413, "Content Too Large", "too_large", "The body is larger than 64 KiB."),
    (415, MEDIA_TYPE): _problem(415, "Unsupported Media Type", "unsupported_media_type", "Send application/json."),
    (422, MEDIA_TYPE): _problem(
        422, "Unprocessable Content", "unknown_contact", "There is no clinician with this contact_id.",
        errors=[{"field": "contact_id", "message": "There is no clinician with this contact_id."}],
    ),
}  # fmt: skip

SEND = extend_schema(
    operation_id="send_alert",
    summary="Send an alert",
    description=(
        "After a 2xx response the alert is stored, and will be delivered or reported as failed. You may send the same "
        "alert again at any time: it is delivered once, and the response has its current status."
    ),
    request=NewAlertSerializer,
    examples=[NEW_ALERT, STORED, SENT, ANSWERED],
    parameters=[
        OpenApiParameter(
            "Prefer",
            str,
            OpenApiParameter.HEADER,
            description=(
                "`wait=10`: hold the response until the outcome is known, for up to 10 seconds (30 at most). With "
                "`outcome=answered`: until somebody has accepted, or nobody is left to ask."
            ),
        )
    ],
    responses={
        202: OpenApiResponse(AlertSerializer, description="Stored."),
        200: OpenApiResponse(
            AlertSerializer,
            description="Stored before (`Idempotent-Replayed: true`), or the outcome is already known.",
        ),
        **SENDING,
    },
)
LIST = extend_schema(
    operation_id="list_alerts",
    summary="Your alerts, newest first",
    parameters=[AlertFilterSerializer],
    responses={200: PageSerializer, (400, MEDIA_TYPE): INVALID, **READING},
)
NOT_FOUND = _problem(404, "Not Found", "not_found", "There is no such alert, or it is not yours.")
DETAIL = extend_schema(
    operation_id="get_alert",
    summary="The outcome of an alert",
    responses={
        200: AlertDetailSerializer,
        (400, MEDIA_TYPE): INVALID,
        (404, MEDIA_TYPE): NOT_FOUND,
        **READING,
    },
)
WITHDRAW = extend_schema(
    operation_id="withdraw_alert",
    summary="Withdraw an alert: its cause has gone",
    description=(
        "What waits is not sent, nobody is asked any more, and those who may have been asked are told. You may "
        "withdraw an alert again. The request has no body."
    ),
    request=None,
    examples=[WITHDRAWN],
    responses={
        200: OpenApiResponse(AlertSerializer, description="Withdrawn, now or before."),
        (400, MEDIA_TYPE): INVALID,
        (404, MEDIA_TYPE): NOT_FOUND,
        (409, MEDIA_TYPE): _problem(
            409, "Conflict", "ended",
            "Staff have dealt with this alert. Nothing was changed, and there is nothing left to withdraw.",
        ),
        **READING,
    },
)  # fmt: skip
NOT_SHOWN = extend_schema(exclude=True)


def without_trailing_slashes(endpoints: list[Any]) -> list[Any]:
    """Document each URL once (drf-spectacular's PREPROCESSING_HOOKS; each endpoint starts with its path)."""
    return [endpoint for endpoint in endpoints if not endpoint[0].endswith("/")]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the schema describes `clients.authentication.TokenAuthentication`."""

    target_class = "clients.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "The token, alone or after `Bearer` or `Token`.",
        }
