"""Keeps private data out of traces: a span leaves the process with what is listed here, and no more.

The libraries that make spans put much into them: SQL, URLs with message IDs, host names, ARNs, and exceptions whose
messages quote rows and telephone numbers. So each span is built again from these lists, and the next version of a
library cannot add anything.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, Status
from opentelemetry.util.types import AttributeValue

Check = Callable[[AttributeValue], bool]


def _matching(pattern: str) -> Check:
    found = re.compile(pattern)
    return lambda value: isinstance(value, str) and found.fullmatch(value) is not None


def _number(value: AttributeValue) -> bool:
    return isinstance(value, int)


_WORD = _matching(r"[A-Za-z][A-Za-z_.-]{0,63}")
_UUID = _matching(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

OWN: dict[str, Check] = {
    "bleep.alert_id": _number,
    "bleep.attempt": _number,
    "bleep.channel": _WORD,
    "bleep.delivery_id": _UUID,
    "bleep.outcome": _WORD,
    "bleep.priority": _WORD,
    "bleep.queue": _WORD,
    "bleep.reason": _WORD,
}
"""Attributes that Bleep sets: its own ids, states and reasons."""
ATTRIBUTES: dict[str, Check] = {
    **OWN,
    "aws.request_id": _UUID,
    "cloud.region": _matching(r"[a-z]{2}(-[a-z]+)+-[0-9]"),
    "db.system.name": _WORD,
    "error.type": _matching(r"[A-Za-z_][A-Za-z_.]{0,99}|[1-5][0-9][0-9]"),
    "http.request.method": _matching(r"[A-Z]{1,10}|_OTHER"),
    "http.response.status_code": _number,
    "http.route": _matching(r"[ -~]{1,200}"),  # of our URLs, never a path
    "http.status_code": _number,  # of AWS's answer
    "retry_attempts": _number,
    "rpc.method": _matching(r"[A-Za-z0-9]{1,64}"),
    "rpc.service": _matching(r"[A-Za-z0-9 ]{1,64}"),
    "rpc.system": _WORD,
}
RESOURCE = frozenset(
    {
        "deployment.environment",
        "deployment.environment.name",
        "service.instance.id",
        "service.name",
        "service.namespace",
        "service.version",
        "telemetry.sdk.language",
        "telemetry.sdk.name",
        "telemetry.sdk.version",
    }
)
"""Attributes of the process. Its command line, user and host are left out."""
NAMES = frozenset({"hand over", "deliver", "claim", "send", "record", "recover", "ask", "wait"})
SQL = frozenset(
    {
        "BEGIN",
        "COMMIT",
        "DELETE",
        "INSERT",
        "LISTEN",
        "NOTIFY",
        "RELEASE",
        "ROLLBACK",
        "SAVEPOINT",
        "SELECT",
        "SET",
    }
    | {"UPDATE", "WITH"}
)
SCOPE = "bleep"
"""The name of Bleep's own tracer."""

Facts = Mapping[str, AttributeValue]


def _own_name(span: ReadableSpan, facts: Facts) -> str:
    return span.name if span.name in NAMES else "other"


def _request_name(span: ReadableSpan, facts: Facts) -> str:
    return f"{facts.get('http.request.method', 'HTTP')} {facts.get('http.route', '')}".rstrip()


def _statement_name(span: ReadableSpan, facts: Facts) -> str:
    word = span.name.upper()
    return word if word in SQL else "SQL"


def _call_name(span: ReadableSpan, facts: Facts) -> str:
    return f"{facts.get('rpc.service', 'AWS')}.{facts.get('rpc.method', 'call')}"


SCOPES: dict[str, Callable[[ReadableSpan, Facts], str]] = {
    SCOPE: _own_name,
    "opentelemetry.instrumentation.django": _request_name,
    "opentelemetry.instrumentation.psycopg": _statement_name,
    "opentelemetry.instrumentation.botocore": _call_name,
}
"""Libraries that may make spans, each with the function that names them. The library's own name may have private data
in it: for SNS it has the topic."""


def cleaned(spans: Sequence[ReadableSpan]) -> list[ReadableSpan]:
    """The spans with listed attributes alone: no events (so no exceptions), no links, no descriptions of errors."""
    return [clean for clean in map(_cleaned, spans) if clean is not None]


def _cleaned(span: ReadableSpan) -> ReadableSpan | None:
    scope = span.instrumentation_scope
    name = next((SCOPES[each] for each in SCOPES if scope and _is_of(scope.name, each)), None)
    if name is None:
        return None
    facts = {
        key: value
        for key, value in (span.attributes or {}).items()
        if key in ATTRIBUTES and ATTRIBUTES[key](value)
    }
    return ReadableSpan(
        name=name(span, facts),
        context=_without_state(span.context),
        parent=_without_state(span.parent),
        resource=_public(span.resource),
        attributes=facts,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=scope,
    )


def _is_of(scope: str, known: str) -> bool:
    return scope == known or scope.startswith(f"{known}.")


def _without_state(context: SpanContext | None) -> SpanContext | None:
    """Without `tracestate`, which a sender fills as it likes."""
    return context and SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


@lru_cache(maxsize=8)
def _public(resource: Resource) -> Resource:
    return Resource({key: value for key, value in resource.attributes.items() if key in RESOURCE})
