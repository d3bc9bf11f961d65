"""Time limits of PostgreSQL: they apply everywhere except in a migration."""

import json
import uuid
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_migrate
from django.db.utils import ConnectionHandler, OperationalError
from psycopg import sql

from tests.config.server import run
from tests.environment import database_url
from tests.factories import an_alert
from tests.sender import Sender

LIMITS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}


def limits() -> dict[str, str]:
    found = {}
    with connection.cursor() as cursor:
        for name in LIMITS:
            cursor.execute("SELECT current_setting(%s)", [name])
            found[name] = cursor.fetchone()[0]
    return found


@pytest.mark.django_db
def test_statements_locks_and_forgotten_transactions_are_limited() -> None:
    assert limits() == LIMITS


@pytest.mark.django_db
def test_a_migration_has_the_time_that_it_needs_and_gives_the_limits_back() -> None:
    during: list[dict[str, str]] = []

    def look(**_kwargs: Any) -> None:
        during.append(limits())

    post_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        post_migrate.disconnect(look)

    assert during[0] == {
        "statement_timeout": "0",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "0",
    }
    assert limits() == LIMITS


@pytest.mark.django_db
def test_a_statement_over_its_limit_is_a_503_that_asks_to_send_again(
    sender: Sender, clinician: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(**_kwargs: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 1")
            cursor.execute("SELECT pg_sleep(60)")

    monkeypatch.setattr("alerts.intake.accept_at_once", slow)

    answer = sender.post(an_alert())

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


@pytest.mark.django_db(transaction=True)
def test_a_lock_that_is_not_given_back_is_not_waited_for_beyond_the_limit() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SET lock_timeout = 1")
            with pytest.raises(OperationalError, match="lock timeout"):
                cursor.execute("SELECT pg_advisory_lock(1)")
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(1)")


def test_limits_in_the_database_url_win_and_the_others_stay() -> None:
    url = "postgresql://bleep:bleep@127.0.0.1:9/bleep?options=-c%20lock_timeout%3D1s&sslmode=require"
    code = (
        "import json; from django.conf import settings;"
        "print(json.dumps(settings.DATABASES['default']['OPTIONS']))"
    )

    options = json.loads(run("-c", code, DATABASE_URL=url).stdout)

    assert options["options"].endswith("-c lock_timeout=1s")
    assert "-c statement_timeout=10s" in options["options"]
    assert (options["sslmode"], options["connect_timeout"]) == ("require", 3)


@pytest.mark.django_db
def test_a_server_that_only_reads_is_as_good_as_away() -> None:
    name = f"standby_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            only_reads = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
            server.execute(only_reads.format(sql.Identifier(name)))
            standby = ConnectionHandler({"default": {**settings.DATABASES["default"], "NAME": name}})[
                "default"
            ]
            with pytest.raises(OperationalError, match="read-only"):
                standby.ensure_connection()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
