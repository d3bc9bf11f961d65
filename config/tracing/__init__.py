"""Traces: one for each alert, from the POST to the provider's answer and the person's. Off unless `TRACES` is set.

While tracing is off, nothing of OpenTelemetry is imported, so it costs nothing. While it is on, `otel` does the work.
Spans carry ids and states, and never an address, a text or a patient reference: `private` lets nothing else out.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

import structlog
from django.conf import settings

Fact = int | str
Kind = Literal["internal", "client", "producer", "consumer"]

log = structlog.get_logger(__name__)


class Span(Protocol):
    """One piece of work in a trace."""

    def note(self, **facts: Fact) -> None:
        """Add what is known about the work. `private.OWN` says what may be noted."""

    def fail(self, reason: str) -> None:
        """Mark the work as failed."""


class Tracer(Protocol):
    """Traces this process."""

    def span(self, name: str, parent: str | None, kind: Kind, facts: dict[str, Fact]) -> Iterator[Span]:
        """See `span`."""

    def past(self, name: str, parent: str, kind: Kind, since: int, facts: dict[str, Fact]) -> None:
        """See `past`."""

    def traceparent(self) -> str:
        """See `traceparent`."""

    def note(self, facts: dict[str, Fact]) -> None:
        """See `note`."""


class _Nothing:
    """A span while tracing is off."""

    def note(self, **facts: Fact) -> None:
        pass

    def fail(self, reason: str) -> None:
        pass


_NOTHING = _Nothing()
_tracer: Tracer | None = None


def start() -> None:
    """Trace this process, if tracing is on. Call it in the process itself, before it connects to the database.

    An error here is logged, and the process goes on without traces: alerts come first.
    """
    global _tracer  # noqa: PLW0603 - one for the process, as OpenTelemetry's own
    if not settings.TRACES or _tracer is not None:
        return
    try:
        from config.tracing import otel  # noqa: PLC0415 - imported only while tracing is on

        _tracer = otel.start(settings.TRACES)
    except Exception:
        log.exception("traces.not_started")


def is_on() -> bool:
    """Whether this process is traced."""
    return _tracer is not None


def traceparent() -> str:
    """The current trace as W3C's `traceparent`, for a delivery's row; empty if there is none."""
    return _tracer.traceparent() if _tracer else ""


def note(**facts: Fact) -> None:
    """Add to the current span, such as that of the request."""
    if _tracer:
        _tracer.note(facts)


@contextmanager
def span(name: str, *, parent: str | None = None, kind: Kind = "internal", **facts: Fact) -> Iterator[Span]:
    """Trace the block, under the span that a row names as its `traceparent`, or else under the current span.

    Without either nothing is recorded: the spans of relays and workers without a due alert would only be noise.
    """
    if _tracer is None:
        yield _NOTHING
        return
    yield from _tracer.span(name, parent, kind, facts)


def past(name: str, *, parent: str, since: int, kind: Kind = "internal", **facts: Fact) -> None:
    """Record work that began at `since`, in nanoseconds as `now` gives them, and ends now."""
    if _tracer:
        _tracer.past(name, parent, kind, since, facts)


def now() -> int:
    """The present time, for `past`."""
    return time.time_ns()
