"""Probes: `/healthz` says that the process answers, `/readyz` that alerts can be taken and will be delivered."""

from collections.abc import Callable

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import DatabaseError
from django.http import HttpRequest, JsonResponse

from alerts.models import RelayHeartbeat


def healthz(_request: HttpRequest) -> JsonResponse:
    """200 as long as this process serves requests; asks nothing of anybody else."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 when database, migrations and relay are in order, else 503; the body names each part."""
    results = {name: _result(check) for name, check in CHECKS.items()}
    ready = all(result == "ok" for result in results.values())
    return JsonResponse(
        {"status": "ok" if ready else "unready", "checks": results}, status=200 if ready else 503
    )


def _result(check: Callable[[], str]) -> str:
    try:
        return check()
    except DatabaseError:
        return "The database does not answer."


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(waiting)} migrations are not applied: run `manage.py migrate`." if waiting else "ok"


def _relay() -> str:
    if RelayHeartbeat.objects.fresh().exists():
        return "ok"
    return "No relay has reported lately: start `manage.py relay`, or alerts stay where they are."


CHECKS: dict[str, Callable[[], str]] = {"database": _database, "migrations": _migrations, "relay": _relay}
