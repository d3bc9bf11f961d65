"""Which requests are traced, and in whose trace."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.config.server import run

REQUESTS = """
import os
from config import tracing, wsgi
from django.test import Client

def get(path, **headers):
    Client(headers=headers).get(path, HTTP_HOST="bleep.example")  # which https answers, without a database

get("/notification", **json_headers)
get("/healthz")
with tracing.span("deliver", parent=""), tracing.span("claim"):
    pass
with tracing.span("wait", parent="00-00000000000000000000000000000003-00f067aa0ba902b7-01"):
    with tracing.span("claim"):
        pass
"""
ROOT, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def exported(directory: Path, headers: dict[str, str], **changes: str) -> list[dict[str, Any]]:
    """The spans of a GET with these headers, of a probe, and of work for a delivery that has no trace."""
    file = directory / "traces.jsonl"
    script = REQUESTS.replace("json_headers", repr(headers))
    result = run("-c", script, TRACES=str(file), **changes)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize(
    ("propagators", "headers"),
    [
        ("tracecontext,baggage", {"traceparent": f"00-{ROOT}-{PARENT}-01"}),
        ("xray,tracecontext", {"X-Amzn-Trace-Id": f"Root=1-{ROOT[:8]}-{ROOT[8:]};Parent={PARENT};Sampled=1"}),
    ],
)
def test_a_senders_trace_goes_on(tmp_path: Path, propagators: str, headers: dict[str, str]) -> None:
    request, _ = exported(tmp_path, headers, OTEL_PROPAGATORS=propagators)

    assert (request["name"], request["context"]["trace_id"]) == ("GET", f"0x{ROOT}")
    assert request["parent_id"] == f"0x{PARENT}"


def test_only_requests_other_than_probes_begin_a_trace(tmp_path: Path) -> None:
    """And a request that waits has no spans below."""
    assert [each["name"] for each in exported(tmp_path, {})] == ["GET", "wait"]


def test_a_trace_that_its_sender_does_not_record_is_not_recorded(tmp_path: Path) -> None:
    unrecorded = {"traceparent": f"00-{ROOT}-{PARENT}-00"}

    assert [each["name"] for each in exported(tmp_path, unrecorded)] == ["wait"]


def test_a_share_of_the_others_can_be_recorded(tmp_path: Path) -> None:
    share = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}

    assert [each["name"] for each in exported(tmp_path, {}, **share)] == ["wait"]
