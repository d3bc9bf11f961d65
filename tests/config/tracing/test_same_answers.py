"""A request is answered the same with and without tracing, however odd it is."""

import json
from pathlib import Path
from typing import Any

from tests.config.server import run

SCRIPT = """
import json
from config import tracing, wsgi
from django.test import Client

ODD = [
    ("GET", "/notification/1", {}),
    ("GET", "/notification/1", {"HTTP_HOST": "evil.example"}),
    ("GET", "/notification/1", {"HTTP_HOST": "localhost:port"}),
    ("GET", "/notification/1", {"HTTP_HOST": "["}),
    ("GET", "/notification/%ff%fe", {}),
    ("GET", "/no-such-page", {"QUERY_STRING": "%ff=1&&=;"}),
    ("BREW", "/notification", {}),
    ("", "/notification", {}),
    ("POST", "/notification", {"CONTENT_TYPE": "application/json", "HTTP_TRACEPARENT": "00-zz-zz-01"}),
    ("GET", "/docs", {"HTTP_USER_AGENT": "caf\\u00e9", "SERVER_PORT": "x", "REMOTE_ADDR": "", "SERVER_PROTOCOL": ""}),
    ("GET", "/docs", {"HTTP_X_AMZN_TRACE_ID": "Root=;Parent;;=", "HTTP_BAGGAGE": "=,;%", "HTTP_TRACESTATE": "=" * 600}),
]

def answer(method, path, given):
    client = Client(raise_request_exception=False)
    response = client.generic(method, path, secure=True, **{"HTTP_HOST": "localhost", **given})
    return [method, path, response.status_code, response.headers.get("Content-Type")]

print(json.dumps([tracing.is_on(), [answer(*each) for each in ODD]]))
"""


def answers(**changes: str) -> tuple[bool, list[Any]]:
    result = run("-c", SCRIPT, LOCAL_MODE="true", ALLOWED_HOSTS="localhost", PUBLIC_URL=None, **changes)
    assert result.returncode == 0, result.stderr
    is_on, found = json.loads(result.stdout)
    return is_on, found


def test_odd_requests_are_answered_the_same(tmp_path: Path) -> None:
    off, without = answers()
    on, traced = answers(TRACES=str(tmp_path / "traces.jsonl"), OTEL_PROPAGATORS="xray,tracecontext,baggage")

    assert (off, on) == (False, True)
    assert traced == without
