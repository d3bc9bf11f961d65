"""`/metrics` for Prometheus. It shows nothing about people, but is not public either."""

import hmac

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from alerts.monitoring.metrics import exposition
from alerts.monitoring.probes import with_headers
from config import database
from config.outages import Outage

OUTAGE = Outage(begins="metrics.unavailable", ends="metrics.available")


def metrics(request: HttpRequest) -> HttpResponse:
    """A response with metrics, which nobody caches."""
    return with_headers(_metrics(request))


def _metrics(request: HttpRequest) -> HttpResponse:
    """Metrics, for requests with METRICS_TOKEN as bearer token.

    404 if METRICS_TOKEN is empty, 401 without it, 503 while the database is away.
    """
    if not settings.METRICS_TOKEN:
        return HttpResponse("Metrics are off: set METRICS_TOKEN.\n", status=404, content_type="text/plain")
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected.encode()):
        response = HttpResponse(
            "Send METRICS_TOKEN as a bearer token.\n", status=401, content_type="text/plain"
        )
        response["WWW-Authenticate"] = "Bearer"
        return response
    try:
        shown = HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    except Error as error:
        cause = database.cause(error)
        OUTAGE.failed(error, cause)
        return HttpResponse(
            f"{cause or 'The database does not answer.'}\n", status=503, content_type="text/plain"
        )
    OUTAGE.works()
    return shown
