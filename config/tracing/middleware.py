"""Requests as spans, by OpenTelemetry's middleware."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse
from opentelemetry.instrumentation.django.middleware.otel_middleware import _DjangoMiddleware


class RequestSpans(_DjangoMiddleware):
    """The library's middleware, whose errors change no answer: the request is only missing from the trace.

    For example it reads the host, and raises where Django would refuse the request a little later.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Begin the span."""
        with suppress(Exception):
            super().process_request(request)  # type: ignore[no-untyped-call]

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], *args: Any, **kwargs: Any
    ) -> None:
        """Note the route."""
        with suppress(Exception):
            super().process_view(request, view_func, *args, **kwargs)  # type: ignore[no-untyped-call]

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Mark it as failed."""
        with suppress(Exception):
            super().process_exception(request, exception)  # type: ignore[no-untyped-call]

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """End the span."""
        with suppress(Exception):
            super().process_response(request, response)  # type: ignore[no-untyped-call]
        return response
