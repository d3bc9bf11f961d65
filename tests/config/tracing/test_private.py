"""Only what is listed leaves the process."""

import importlib
import json
import sys
from types import ModuleType
from typing import Any

import pytest

MARK = "zebrafinch"
"""What must not leave the process, wherever a library puts it."""


class Spans:
    """A process with traces, whose spans are kept here."""

    def __init__(self) -> None:
        export = importlib.import_module("config.tracing.export")
        self.sdk = importlib.import_module("opentelemetry.sdk.trace")
        self.trace = importlib.import_module("opentelemetry.trace")
        memory = importlib.import_module("opentelemetry.sdk.trace.export.in_memory_span_exporter")
        exporting = importlib.import_module("opentelemetry.sdk.trace.export")
        resources = importlib.import_module("opentelemetry.sdk.resources")
        self._kept = memory.InMemorySpanExporter()
        resource = resources.Resource(
            {"service.name": "bleep-relay", "process.command_line": MARK, "host.name": MARK}
        )
        self.provider = self.sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(exporting.SimpleSpanProcessor(export.Private(self._kept)))

    def of(self, scope: str) -> Any:
        """A tracer as a library has it."""
        return self.provider.get_tracer(scope)

    def exported(self) -> list[dict[str, Any]]:
        """What left the process."""
        return [json.loads(each.to_json()) for each in self._kept.get_finished_spans()]


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    monkeypatch.delitem(sys.modules, "opentelemetry")  # which is kept out of a process without traces
    return Spans()


@pytest.fixture
def private(spans: Spans) -> ModuleType:
    return importlib.import_module("config.tracing.private")


def test_an_attribute_that_is_not_listed_is_left_out(spans: Spans) -> None:
    facts = {"db.query.text": MARK, "url.full": MARK, "bleep.note": MARK, "bleep.alert_id": 7}
    with spans.of("bleep").start_as_current_span("deliver", attributes=facts):
        pass

    assert spans.exported()[0]["attributes"] == {"bleep.alert_id": 7}


def test_a_listed_attribute_with_another_kind_of_value_is_left_out(spans: Spans, private: ModuleType) -> None:
    """A number, a sentence, a list: none passes for a word of ours."""
    for value in ("+447700900123", "07700900123", "Results for 123456789", "a@ward.example", [MARK]):
        with spans.of("bleep").start_as_current_span("deliver") as span:
            span.set_attributes(dict.fromkeys(private.OWN, value))

    assert [each["attributes"] for each in spans.exported()] == [{}] * 5


def test_no_exception_status_link_event_state_or_host_leaves(spans: Spans) -> None:
    api = spans.trace
    sender = api.SpanContext(
        1, 2, is_remote=True, trace_flags=api.TraceFlags(1), trace_state=api.TraceState([("lab", MARK)])
    )
    parent = api.set_span_in_context(api.NonRecordingSpan(sender))
    span = spans.of("bleep").start_span("send", parent, links=[api.Link(sender, {"a": MARK})])
    span.add_event(MARK, {"a": MARK})
    span.record_exception(ValueError(MARK))
    span.set_status(api.StatusCode.ERROR, MARK)
    span.end()

    [left] = spans.exported()
    assert MARK not in json.dumps(left)
    assert left["status"] == {"status_code": "ERROR"}
    assert left["resource"]["attributes"] == {"service.name": "bleep-relay"}


@pytest.mark.parametrize(
    ("scope", "facts", "name"),
    [
        ("opentelemetry.instrumentation.django", {"http.request.method": "GET"}, "GET"),
        (
            "opentelemetry.instrumentation.django",
            {"http.request.method": "GET", "http.route": "notification/<path:message_id>", "url.path": MARK},
            "GET notification/<path:message_id>",
        ),
        ("opentelemetry.instrumentation.psycopg", {"db.query.text": MARK}, "SQL"),
        (
            "opentelemetry.instrumentation.botocore.sns",
            {"rpc.service": "SNS", "rpc.method": "Publish", "messaging.destination.name": MARK},
            "SNS.Publish",
        ),
        ("bleep", {}, "other"),
    ],
)
def test_a_name_is_made_of_what_is_listed(spans: Spans, scope: str, facts: dict[str, str], name: str) -> None:
    with spans.of(scope).start_as_current_span(f"{MARK} send", attributes=facts):
        pass

    [left] = spans.exported()
    assert left["name"] == name
    assert MARK not in json.dumps(left)


def test_a_library_that_is_not_listed_exports_nothing(spans: Spans) -> None:
    with spans.of("opentelemetry.instrumentation.requests").start_as_current_span("GET"):
        pass

    assert spans.exported() == []
