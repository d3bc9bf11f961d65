"""Probes: `/healthz` says that the process answers, `/readyz` that alerts are taken and will be delivered."""

import threading
from collections.abc import Callable

import structlog
from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

from alerts.models import RelayHeartbeat
from alerts.monitoring import checks

log = structlog.get_logger(__name__)
_all_applied = threading.Event()


class Probes:
    """Answers probes before scheme and host are checked: they come from inside, over http, by IP address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        return probe() if probe else self.get_response(request)


def healthz() -> JsonResponse:
    """200 while this process serves requests. Asks nothing else."""
    return JsonResponse({"status": "ok"})


def readyz() -> JsonResponse:
    """200 if database, migrations and relay are in order, else 503 with what is not."""
    results: dict[str, str] = {}
    try:
        for name, check in CHECKS.items():
            results[name] = check()
    except Error as error:
        log.warning("unready", exc_info=error)
        results["database"] = "The database does not answer."  # the other checks would only wait again
    ready = all(result == "ok" for result in results.values())
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
        return [finding.sentence for finding in checks.recent.report().findings if not finding.ok]
    except Exception:
        log.exception("check.broken")
        return ["The health checks themselves are broken: the log says where."]


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    """Checked until all are applied. Nobody takes migrations back under a running process."""
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
