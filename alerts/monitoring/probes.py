"""Probes: `/healthz` says that the process answers, `/readyz` that alerts are taken and will be delivered."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from django.db import Error, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from alerts import intake
from alerts.models import RelayHeartbeat, WriteProbe
from alerts.monitoring import front_door, report
from config import database
from config.outages import Outage

OF_DATA = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of data: a browser loads nothing for it, does not guess another type, and nobody caches it."""
PATIENCE = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '3s'"
"""How long a probe waits for a lock, and for one statement."""

R = TypeVar("R", bound=HttpResponseBase)
log = structlog.get_logger(__name__)
OUTAGE = Outage(begins="unready", ends="ready")
_all_applied = threading.Event()
REHEARSE_EVERY = 5.0
"""Seconds. A rehearsal costs more than writing a row."""
_rehearsed_at = float("-inf")


class Probes:
    """Answers probes before scheme and host are checked: they come from inside, over http, by IP address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return with_headers(probe()) if probe else self.get_response(request)


def with_headers(response: R) -> R:
    """The response with `OF_DATA`."""
    for name, value in OF_DATA.items():
        response.headers[name] = value
    return response


def healthz() -> JsonResponse:
    """200 while this process serves requests. Asks nothing else."""
    return JsonResponse({"status": "ok"})


def readyz() -> JsonResponse:
    """200 if database, migrations and relay are in order, else 503 with what is not."""
    results: dict[str, str] = {}
    try:
        for name, check in CHECKS.items():
            results[name] = check()
            if results["database"] != "ok":
                break  # a relay that cannot write cannot report either
    except Error as error:
        OUTAGE.failed(error, database.cause(error))
        # The other checks would only wait again.
        results["database"] = database.cause(error) or "The database does not answer."
    ready = all(result == "ok" for result in results.values())
    if ready:
        OUTAGE.works()
    body = {
        "status": "ok" if ready else "unready",
        "checks": results,
        "warnings": _warnings() if ready else [],
    }
    return JsonResponse(body, status=200 if ready else 503)


def _warnings() -> list[str]:
    """Failing health checks, a few seconds old at most. They do not make the process unready: alerts are kept, and some
    channels may still work.
    """
    try:
        return [finding.sentence for finding in report.recent.get().findings if not finding.ok]
    except Error as error:
        OUTAGE.failed(error, database.cause(error))
        return [
            f"{database.cause(error) or 'The database does not answer.'} So Bleep cannot tell what else is wrong."
        ]
    except Exception:
        log.exception("check.broken")
        return ["The health checks themselves are broken: the log says where."]


def _database() -> str:
    """Whether an alert could be stored: writes a row of its own, and every few seconds an alert, which it rolls back.

    The row notices at once that the database only reads. The alert meets locks on all tables that intake needs, and a
    full disk: there the row still fits into its old place. Intake waits for a lock as long as this takes to notice it.
    """
    global _rehearsed_at  # noqa: PLW0603 - one for the process
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(PATIENCE)
            if time.monotonic() - _rehearsed_at < REHEARSE_EVERY:
                WriteProbe.objects.write()
            else:
                intake.rehearse(front_door.TEST_ALERT)
                _rehearsed_at = time.monotonic()
    except Error as error:
        cause = database.cause(error)
        if cause is None:
            raise
        OUTAGE.failed(error, cause)
        database.forget_session()
        return f"{cause} No alert can be stored: docs/recovery.md says what to do."
    return "ok"


def _migrations() -> str:
    """Checked until all are applied. Nobody reverses migrations under a running process."""
    if _all_applied.is_set():
        return "ok"
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if waiting:
        return f"Migrations not applied: {waiting}. Run `manage.py migrate`."
    _all_applied.set()
    return "ok"


def _relay() -> str:
    if RelayHeartbeat.objects.fresh().exists():
        return "ok"
    return "No relay has reported lately: start `manage.py relay`, or no alert is sent."


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "relay": _relay}
PROBES = {"/healthz": healthz, "/readyz": readyz}
