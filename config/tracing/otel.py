"""Sets up OpenTelemetry in one process. `config.tracing.start` imports this only while tracing is on.

The context is carried in the delivery's row and nowhere else. Celery's messages do not have it, because a delivery may
be handed over twice. Requests to AWS do not have it, because an SMS must be the same with and without tracing.
"""

import logging
import os
from collections.abc import Iterator
from multiprocessing.util import Finalize
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from structlog.contextvars import bind_contextvars, bound_contextvars

from config.tracing import Fact, Kind, Span, private
from config.tracing.export import Batches, exporter

MIDDLEWARE = "config.tracing.middleware.RequestSpans"
"""Our subclass of the middleware that `DjangoInstrumentor` adds and sets up."""
OUTERMOST = "config.logs.requests.RequestLog"
"""The middleware before which tracing's is inserted: it counts a request's time, and logs its line."""
NOT_TRACED = "healthz,readyz,metrics,intake-check"
QUIET = frozenset({"wait"})
"""Spans without children: a request that waits asks the database ten times a second."""
DEFAULTS = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "http,database",  # the stable names of attributes
    "OTEL_EXPORTER_OTLP_TIMEOUT": "3",
}
NOISY = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")
"""Loggers with a line for each lost span. `traces.lost` reports these once a minute."""
KINDS: dict[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}


def start(where: str) -> "OtelTracer":
    """Trace this process: requests, SQL, calls to AWS, and Bleep's own spans."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.sampler = OnlyRequests(provider.sampler)
    provider.add_span_processor(Batches(exporter(where)))
    Finalize(None, provider.shutdown, exitpriority=0)  # granian's processes do not run `atexit` functions
    trace.set_tracer_provider(provider)
    silent = ReadOnly(propagate.get_global_textmap())
    propagate.set_global_textmap(silent)
    position = settings.MIDDLEWARE.index(OUTERMOST) + 1
    DjangoInstrumentor().instrument(
        middleware_position=position, excluded_urls=NOT_TRACED, request_hook=_name_trace_in_log
    )
    settings.MIDDLEWARE[position] = MIDDLEWARE
    PsycopgInstrumentor().instrument()
    BotocoreInstrumentor().instrument(  # type: ignore[no-untyped-call]
        propagator=silent
    )
    return OtelTracer(provider)


class OtelTracer:
    """Makes spans with OpenTelemetry (`config.tracing.Tracer`)."""

    def __init__(self, provider: trace.TracerProvider) -> None:
        self._tracer = provider.get_tracer(private.SCOPE)
        self._row = TraceContextTextMapPropagator()

    def span(self, name: str, parent: str | None, kind: Kind, facts: dict[str, Fact]) -> Iterator[Span]:
        """A span around the block."""
        with (
            self._tracer.start_as_current_span(
                name,
                context=None if parent is None else self._context(parent),
                kind=KINDS[kind],
                attributes=_own(facts),
                record_exception=False,
            ) as made,
            bound_contextvars(**_trace_id(made)),
        ):
            yield OtelSpan(made)

    def past(self, name: str, parent: str, kind: Kind, since: int, facts: dict[str, Fact]) -> None:
        """A span that ends now."""
        context = self._context(parent)
        self._tracer.start_span(name, context, KINDS[kind], _own(facts), start_time=since).end()

    def traceparent(self) -> str:
        """The current span, if it is recorded."""
        carrier: dict[str, str] = {}
        if trace.get_current_span().is_recording():
            self._row.inject(carrier)
        return carrier.get("traceparent", "")

    def note(self, facts: dict[str, Fact]) -> None:
        """Add to the current span."""
        trace.get_current_span().set_attributes(_own(facts))

    def _context(self, traceparent: str) -> Context:
        return self._row.extract({"traceparent": traceparent}, context=Context())


class OtelSpan:
    """A span of OpenTelemetry (`config.tracing.Span`)."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **facts: Fact) -> None:
        """Add attributes."""
        self._span.set_attributes(_own(facts))

    def fail(self, reason: str) -> None:
        """Set the status, without a description."""
        self.note(reason=reason)
        self._span.set_status(StatusCode.ERROR)


class OnlyRequests(Sampler):
    """Records traces that begin with a request.

    Otherwise a relay would begin one with each statement, every second. Nothing is recorded below `QUIET`.
    """

    def __init__(self, others: Sampler) -> None:
        self._others = others

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> SamplingResult:
        """Whether to record a span, by the sampler that `OTEL_TRACES_SAMPLER` names."""
        parent = trace.get_current_span(parent_context)
        is_first = not parent.get_span_context().is_valid
        if (is_first and kind is not SpanKind.SERVER) or getattr(parent, "name", "") in QUIET:
            return SamplingResult(Decision.DROP)
        return self._others.should_sample(parent_context, trace_id, name, kind, *args, **kwargs)

    def get_description(self) -> str:
        """The name of the sampler."""
        return f"OnlyRequests({self._others.get_description()})"


class ReadOnly(TextMapPropagator):
    """Continues the sender's trace (`OTEL_PROPAGATORS`), and passes it on to nobody."""

    def __init__(self, reader: TextMapPropagator) -> None:
        self._reader = reader

    def extract(self, carrier: Any, *args: Any, **kwargs: Any) -> Context:
        """Read the context as the configured propagators do."""
        return self._reader.extract(carrier, *args, **kwargs)

    def inject(self, carrier: Any, *args: Any, **kwargs: Any) -> None:
        """Write nothing."""

    @property
    def fields(self) -> set[str]:
        """The headers that it writes: none."""
        return set()


def _own(facts: dict[str, Fact]) -> dict[str, Fact]:
    return {f"{private.SCOPE}.{name}": value for name, value in facts.items()}


def _trace_id(span: trace.Span) -> dict[str, str]:
    return (
        {"trace_id": trace.format_trace_id(span.get_span_context().trace_id)} if span.is_recording() else {}
    )


def _name_trace_in_log(span: trace.Span, _request: HttpRequest) -> None:
    bind_contextvars(**_trace_id(span))
