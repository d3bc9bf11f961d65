"""Whether alerts get in: sends a test alert through the front door, and asks the door what it refused lately.

Intake takes the test alert like any other, and rolls it back (`alerts.intake.rehearse`).
"""

import json
import ssl
import urllib.request
from dataclasses import asdict, dataclass
from datetime import datetime
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host
from django.utils.crypto import constant_time_compare, salted_hmac

from alerts.intake import NewAlert
from contacts.choices import Priority

PATH = "/intake-check"
SECONDS = 5
"""Seconds, to connect and for each answer."""
TEST_ALERT = NewAlert(
    message_id="intake-check",
    type="intake_check",
    patient_id="TEST",
    contact_id="intake-check",
    description="A test of intake, which leaves nothing behind.",
    priority=Priority.HIGH,
)


@dataclass(frozen=True)
class Refusals:
    """How many requests with alerts the door has refused lately, since when, and the sentence of the last answer."""

    requests: int
    since: datetime
    detail: str


@dataclass(frozen=True)
class FrontDoor:
    """Both answers. `problem` is None if intake took the test alert."""

    problem: str | None
    refusals: Refusals | None


def ask() -> FrontDoor:
    """Send a test alert, and ask for the refusals."""
    return FrontDoor(_problem(), _refusals())


def is_health_check(header: str) -> bool:
    """Whether a request with this Authorization header is a health check of this Bleep."""
    return constant_time_compare(header, _authorization())


def _authorization() -> str:
    return f"Bearer {salted_hmac('alerts.monitoring.front_door', PATH, algorithm='sha256').hexdigest()}"


def host() -> dict[str, str]:
    """The Host header, with a name that the services behind the door serve: inside the deployment the door has another
    name. Empty if they serve any name.

    `web-probes` itself serves any name, so its own setting does not count here.
    """
    own = urlsplit(settings.FRONT_DOOR_URL).hostname
    names = [each.lstrip(".") for each in settings.SERVED_HOSTS if each != "*"]
    if own and names and validate_host(own, settings.SERVED_HOSTS):
        return {"Host": own}
    return {"Host": names[0]} if names else {}


class _AsSenders(ssl.SSLContext):
    """Checks the door's certificate for the name that senders use."""

    def wrap_socket(self, *arguments: Any, **options: Any) -> ssl.SSLSocket:
        return super().wrap_socket(
            *arguments, **{**options, "server_hostname": host().get("Host", options["server_hostname"])}
        )


def _problem() -> str | None:
    headers = {"Authorization": _authorization(), "Content-Type": "application/json"}
    try:
        status, _body = _request(PATH, json.dumps(asdict(TEST_ALERT)).encode(), headers)
    except HTTPError as error:
        return f"Its answer was: “{_detail(error)}”"
    except (OSError, HTTPException, ValueError) as error:
        return f"It gave no answer ({type(getattr(error, 'reason', error)).__name__})."
    # an answer by a redirect, or by a proxy's page
    return None if status == HTTPStatus.NO_CONTENT else f"It answered with {status} instead of 204."


def _refusals() -> Refusals | None:
    try:
        _status, body = _request("/healthz", None, {})
        found: dict[str, Any] | None = json.loads(body).get("refused")
    except (OSError, HTTPException, ValueError):
        return None  # the test alert has found that already
    if not found:
        return None
    return Refusals(int(found["requests"]), datetime.fromisoformat(found["since"]), str(found["detail"]))


def _request(path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    """The status and body of an answer. An error status is an HTTPError."""
    secure = {"X-Forwarded-Proto": "https"} if settings.HTTPS else {}
    request = urllib.request.Request(  # noqa: S310 - http(s), by `config.settings`
        settings.FRONT_DOOR_URL.rstrip("/") + path, body, {**host(), **secure, **headers}
    )
    # The door is inside the deployment, so no proxy is used.
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if request.type == "https":
        keys = _AsSenders(ssl.PROTOCOL_TLS_CLIENT)
        keys.load_default_certs()
        handlers.append(urllib.request.HTTPSHandler(context=keys))
    opener = urllib.request.build_opener(*handlers)
    with opener.open(request, timeout=SECONDS) as answer:
        return answer.status, answer.read()


def _detail(error: HTTPError) -> str:
    """The sentence of a problem document, or the status."""
    with error:
        try:
            return str(json.loads(error.read())["detail"])
        except (OSError, HTTPException, ValueError, KeyError, TypeError):
            return f"{error.code} {error.reason}"
