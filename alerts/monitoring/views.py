"""`/metrics` for Prometheus. It shows nothing about people, but is not public either."""

import hmac

import structlog
from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST

from alerts.monitoring.metrics import exposition
from alerts.monitoring.probes import with_headers
from config import database

log = structlog.get_logger(__name__)


def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics, which nobody keeps."""
    return with_headers(_metrics(request))


def _metrics(request: HttpRequest) -> HttpResponse:
    """Metrics, for requests with METRICS_TOKEN as bearer token. 404 while that is empty, 401 without it, 503 while the
    database is away.
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
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
    except Error as error:
        log.warning("metrics.unavailable", exc_info=error)
        cause = database.cause(error) or "The database does not answer."
        return HttpResponse(f"{cause}\n", status=503, content_type="text/plain")
