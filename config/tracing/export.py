"""Exports spans in a thread of its own, without ever holding up or breaking an alert."""

import os
import time
from collections.abc import Sequence

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from config.tracing import private

OTLP = "otlp"
STOP_SECONDS = 2.0
"""How long the end of a process waits for its last spans."""
REPORT_EVERY = 60.0
"""Seconds between two log lines about spans that were lost."""

log = structlog.get_logger(__name__)


class Private(SpanExporter):
    """Exports the spans that `private` has cleaned, and reports those that could not be exported."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._lost = 0
        self._silent_until = float("-inf")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        public = private.cleaned(spans)
        if not public:
            return SpanExportResult.SUCCESS
        result = self._exporter.export(public)
        if result is not SpanExportResult.SUCCESS:
            self._report(len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def _report(self, count: int) -> None:
        self._lost += count
        if time.monotonic() >= self._silent_until:
            log.warning("traces.lost", count=self._lost)
            self._lost, self._silent_until = 0, time.monotonic() + REPORT_EVERY


class File(SpanExporter):
    """Appends to a file that several processes share: each span is a line of JSON."""

    def __init__(self, path: str) -> None:
        self._path = path

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(f"{span.to_json(indent=None)}\n" for span in spans).encode()
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                written = os.write(file, lines)  # at once: lines of two processes must not mix
            finally:
                os.close(file)
        except OSError:
            return SpanExportResult.FAILURE
        # a disk that is nearly full takes only a part
        return SpanExportResult.SUCCESS if written == len(lines) else SpanExportResult.FAILURE


class Batches(BatchSpanProcessor):
    """Exports in a thread, from a queue of `OTEL_BSP_MAX_QUEUE_SIZE` spans. If the queue is full, the oldest is
    dropped.
    """

    def shutdown(self) -> None:
        self._batch_processor.shutdown(timeout_millis=int(STOP_SECONDS * 1000))


def exporter(where: str) -> SpanExporter:
    """The exporter that `TRACES` names: a collector, whose address is in OpenTelemetry's own variables, or a file."""
    return Private(OTLPSpanExporter() if where == OTLP else File(where))
