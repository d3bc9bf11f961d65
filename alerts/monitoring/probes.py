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
from alerts.models import Alert, Delivery, RelayHeartbeat, WriteProbe
from alerts.monitoring import front_door, report
from clients.models import ApiClient, ApiToken
from config import database
from config.outages import Outage
from contacts.models import Clinician, EmailSubscription, Obstacle, Preference
from oncall.models import PlanChoice

OF_DATA = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of data: a browser loads nothing for it, does not guess another type, and nobody caches it."""
WRITTEN_BY_INTAKE = [Alert._meta.db_table, Delivery._meta.db_table]  # noqa: SLF001 - documented
READ_BY_INTAKE = [
    model._meta.db_table  # noqa: SLF001
    for model in (ApiToken, ApiClient, Clinician, Preference, Obstacle, EmailSubscription, PlanChoice)
]
LOCKS_OF_INTAKE = (
    f"LOCK TABLE {', '.join(WRITTEN_BY_INTAKE)} IN ROW EXCLUSIVE MODE; "
    f"LOCK TABLE {', '.join(READ_BY_INTAKE)} IN ACCESS SHARE MODE"
)
PATIENCE = "SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '3s'"
"""How long to wait for these locks, and for all of it."""

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
    """Whether an alert could be stored: takes the locks that storing takes, and writes a row of its own.

    Every few seconds it also stores an alert, and rolls that back: on a full disk its own row still fits into its old
    place, and an alert does not.
    """
    global _rehearsed_at  # noqa: PLW0603 - one for the process
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(PATIENCE)
                cursor.execute(LOCKS_OF_INTAKE)
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
