"""Enters refused requests of known clients into the register that staff see."""

from typing import Any

import structlog
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import ValidationError

from alerts import refusals
from alerts.api.request_body import nhs_numbers
from alerts.api.serializers import MessageIdField
from alerts.models import RefusalReason
from clients.models import ApiClient
from contacts.choices import Priority
from spelling import normal

REASONS: dict[str, RefusalReason] = {
    **{reason.value: reason for reason in RefusalReason},
    "parse_error": RefusalReason.UNREADABLE,
    "too_large": RefusalReason.UNREADABLE,
    "unsupported_media_type": RefusalReason.UNREADABLE,
    "permission_denied": RefusalReason.READ_ONLY_TOKEN,
}
"""By the code of the problem document. Other refusals (429, 5xx) are to be sent again, and may be accepted then."""
LONGEST = 64

log = structlog.get_logger(__name__)


def enter(request: Request, response: Response) -> None:
    """Enter a request that got `response`, if its client is known and must change something. Raises nothing."""
    try:
        reason = REASONS.get(response.data["code"])
        if reason is None:
            return  # check this before the client: reading the client would wait again for a database that is away
        client: Any = request.user
        if isinstance(client, ApiClient):
            given = _given(request)
            refusals.enter(
                client=client,
                reason=reason,
                contact_id=_contact_id(given),
                priority=_priority(given),
                message_id=_message_id(given),
            )
    except Exception:
        log.exception("refusal.not_entered")


def _given(request: Request) -> dict[str, Any]:
    """The fields as they were sent; empty if the body cannot be read."""
    try:
        found: Any = request.data
    except Exception:  # noqa: BLE001 - whatever it was, the sender was told
        return {}
    return {name: found.get(name) for name in ("contact_id", "priority", "message_id", "patient_id")}


def _contact_id(given: dict[str, Any]) -> str:
    """The contact ID without invisible characters, and cut. Empty if it names a patient instead of the clinician."""
    found = given.get("contact_id")
    if not isinstance(found, str):
        return ""
    readable = found.encode(errors="ignore").decode()  # half a surrogate pair cannot be stored
    contact_id = normal.without_unwanted(readable)[:LONGEST]
    return "" if nhs_numbers.is_in(contact_id) or found == given.get("patient_id") else contact_id


def _priority(given: dict[str, Any]) -> str:
    """The priority that the sender meant: `h` and `HIGH` are refused, but mean High."""
    letter = str(given.get("priority")).strip()[:1].upper()
    return letter if letter in Priority.values else ""


def _message_id(given: dict[str, Any]) -> str:
    found = given.get("message_id")
    try:
        message_id = MessageIdField(max_length=128).run_validation(found)
    except ValidationError:
        return ""
    return "" if nhs_numbers.is_in(message_id) or found == given.get("patient_id") else str(message_id)
