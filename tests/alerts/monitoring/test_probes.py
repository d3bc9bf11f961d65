"""`/healthz` and `/readyz`."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.intake import at_once
from alerts.models import RelayHeartbeat
from alerts.monitoring import probes, report
from tests.alerts.monitoring.test_front_door import full_disk
from tests.config.server import ask, silent_server

TABLES_OF_INTAKE = sorted(set(re.findall(r"\b(?:FROM|JOIN|INTO)\s+([a-z]+_[a-z]+)\b", at_once.STATEMENT)))
"""Those of the statement that takes an alert."""


def readyz() -> tuple[int, dict[str, Any]]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()


@pytest.fixture(autouse=True)
def _migrations_not_looked_at() -> Iterator[None]:
    probes._all_applied.clear()  # noqa: SLF001 - as in a process that has just begun
    probes._rehearsed_at = float("-inf")  # noqa: SLF001
    yield
    probes._all_applied.clear()  # noqa: SLF001


@pytest.fixture
def relay(db: None) -> RelayHeartbeat:
    """A relay that is at work."""
    RelayHeartbeat.objects.all().delete()
    return RelayHeartbeat.objects.create(relay="relay:1")


def test_ready_with_database_migrations_and_a_relay(relay: RelayHeartbeat) -> None:
    assert readyz() == (
        200,
        {"status": "ok", "checks": {"database": "ok", "migrations": "ok", "relay": "ok"}, "warnings": []},
    )


@pytest.mark.django_db(transaction=True)
def test_unready_while_the_database_only_reads() -> None:
    RelayHeartbeat.objects.create(relay="relay:1")
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    status, body = readyz()

    assert status == 503
    assert body["checks"]["database"].startswith("The database is read-only. No alert can be stored")
    assert readyz()[0] == 200, "the session was closed, and the next one can write"


@pytest.mark.django_db(transaction=True)
def test_unready_while_the_database_refuses_sessions_that_would_write() -> None:
    name = connection.settings_dict["NAME"]
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    connection.close()  # as after a failover: the next session is refused
    try:
        status, body = readyz()
    finally:
        with psycopg.connect(
            **{**connection.get_connection_params(), "target_session_attrs": "any"}
        ) as other:
            other.execute("SET default_transaction_read_only = off")
            other.commit()
            other.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')

    assert status == 503
    assert body["checks"]["database"].startswith("The database is read-only.")


@pytest.mark.django_db(transaction=True)
def test_unready_while_a_table_that_intake_needs_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "PATIENCE", probes.PATIENCE.replace("2s", "100ms"))
    monkeypatch.setattr(probes, "REHEARSE_EVERY", 0.0)
    RelayHeartbeat.objects.create(relay="relay:1")
    with psycopg.connect(**connection.get_connection_params()) as other:
        for table in ("alerts_writeprobe", *TABLES_OF_INTAKE):
            other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

            status, body = readyz()

            other.rollback()
            assert status == 503, table
            assert body["checks"]["database"].startswith("Somebody has locked a table of alerts")
    assert readyz()[0] == 200


@pytest.mark.django_db(transaction=True)
def test_unready_while_the_disk_has_no_room_for_an_alert() -> None:
    """Though it has room for what takes no more than before: the row of the probe, and heartbeats."""
    RelayHeartbeat.objects.create(relay="relay:1")
    with full_disk():
        status, body = readyz()

    assert status == 503
    assert body["checks"]["database"].startswith("The database's disk is full. No alert can be stored")
    assert readyz()[0] == 200


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_only_the_health_checks_meet_is_a_warning() -> None:
    RelayHeartbeat.objects.create(relay="relay:1")
    report.recent.forget()
    with psycopg.connect(**connection.get_connection_params()) as other, connection.cursor() as cursor:
        other.execute("LOCK TABLE alerts_attempt IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SET lock_timeout = '100ms'")

        status, body = readyz()

    report.recent.forget()
    connection.close()
    assert status == 200
    assert body["warnings"] == [
        "Somebody has locked a table of alerts. So Bleep cannot tell what else is wrong."
    ]


def test_unready_while_no_relay_has_ever_reported(relay: RelayHeartbeat) -> None:
    relay.delete()

    status, body = readyz()

    assert (status, body["status"]) == (503, "unready")
    assert body["checks"] == {
        "database": "ok",
        "migrations": "ok",
        "relay": "No relay has reported lately: start `manage.py relay`, or no alert is sent.",
    }


def test_unready_once_the_last_relay_has_fallen_silent(relay: RelayHeartbeat) -> None:
    RelayHeartbeat.objects.update(beat_at=Now() - timedelta(minutes=1))

    assert readyz()[0] == 503


def test_a_relay_that_ended_before_the_clock_was_set_back_is_not_at_work(relay: RelayHeartbeat) -> None:
    RelayHeartbeat.objects.update(beat_at=Now() + timedelta(minutes=10))

    assert readyz()[0] == 503


def test_ready_while_one_of_two_relays_is_at_work(relay: RelayHeartbeat) -> None:
    RelayHeartbeat.objects.create(relay="relay:2", beat_at=Now() - timedelta(hours=1))

    assert readyz()[0] == 200


def test_unready_while_a_migration_is_not_applied(relay: RelayHeartbeat) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")

    status, body = readyz()

    assert status == 503
    assert body["checks"]["migrations"] == "Migrations not applied: 1. Run `manage.py migrate`."


def test_migrations_are_looked_at_until_all_are_applied_and_then_no_more(relay: RelayHeartbeat) -> None:
    readyz()

    with CaptureQueriesContext(connection) as captured:
        assert readyz()[0] == 200

    assert not [query for query in captured if "django_migrations" in query["sql"]]


def test_healthz_asks_nothing_of_the_database() -> None:
    # Without a database mark, pytest-django fails whatever opens a connection.
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_healthz_answers_while_the_database_is_away_by_http_and_by_an_address() -> None:
    # Probes come from inside: no TLS, and the Host is an address that nobody thought of.
    status, _headers, body, _seconds = ask("/healthz", {"Host": "10.1.2.3:8000"})

    assert (status, json.loads(body)) == (200, {"status": "ok"})


def test_readyz_names_a_database_that_is_away() -> None:
    status, _headers, body, _seconds = ask("/readyz", {"Host": "10.1.2.3:8000"})

    assert status == 503
    assert json.loads(body)["checks"] == {"database": "The database does not answer."}


def test_readyz_answers_soon_although_the_database_hangs() -> None:
    with silent_server() as hung:
        status, _headers, _body, seconds = ask(
            "/readyz", {}, DATABASE_URL=f"postgresql://bleep:bleep@127.0.0.1:{hung.port}/bleep"
        )

    assert status == 503
    assert seconds < 6  # the first connection gives up after 3; each check for itself would take 9


def test_nothing_but_the_probes_answers_to_any_host() -> None:
    assert Client().get("/admin/login/", headers={"Host": "10.1.2.3"}).status_code == 400
