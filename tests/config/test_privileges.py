"""`migrate` as the owner of the tables; everything else as a role that owns nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from psycopg import errors

from config.security import privileges
from tests.environment import database_url

ROOT = Path(__file__).parents[2]
ROLE, PASSWORD = "bleep_of_a_test", "kT7-vowel-pond"


def migrate(*, role: str, owner: str) -> subprocess.CompletedProcess[str]:
    name = str(connection.settings_dict["NAME"])
    url = database_url(name)
    env = {
        **os.environ,
        "DATABASE_URL": url.replace("postgres@", f"{role}:{PASSWORD}@", 1),
        "MIGRATE_DATABASE_URL": url.replace("postgres@", f"{owner}@", 1),
    }
    return subprocess.run(
        [sys.executable, "manage.py", "migrate", "--no-input", "-v0"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.fixture
def session(transactional_db: None) -> Iterator[psycopg.Connection]:
    """A session of the role that `migrate` has made."""
    done = migrate(role=ROLE, owner="postgres")
    assert done.returncode == 0, done.stderr
    url = database_url(str(connection.settings_dict["NAME"])).replace("postgres@", f"{ROLE}@", 1)
    try:
        with psycopg.connect(url, autocommit=True) as made:
            yield made
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


def test_all_parts_but_migrate_read_and_write_rows_and_no_more(session: psycopg.Connection) -> None:
    session.execute(
        "INSERT INTO audit_event (name, kind, object_id, detail) VALUES ('security.login', '', '', '')"
    )
    session.execute("UPDATE contacts_clinician SET role = ''")
    session.execute("UPDATE alerts_alertaction SET note = ''")
    assert session.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (
        False,
    )

    for refused in (
        "TRUNCATE contacts_clinician CASCADE",
        "TRUNCATE audit_event",
        "DELETE FROM audit_event",
        "UPDATE audit_event SET user_id = 1",
        "UPDATE audit_seal SET digest = ''",
        "UPDATE alerts_alertaction SET action = 'take'",
        "DELETE FROM alerts_response",
        "ALTER TABLE audit_event DISABLE TRIGGER USER",
        "SET session_replication_role = replica",
        "DROP TABLE audit_seal",
        "CREATE TABLE extra ()",
        "DELETE FROM django_migrations",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute(refused)


@pytest.mark.django_db(transaction=True)
def test_rights_are_given_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_args: object) -> None:
        raise InterruptedError

    with connection.cursor() as cursor:
        try:
            privileges.grant(connection, role=ROLE, password="")
            monkeypatch.setattr(privileges, "_only_append", stop)
            with pytest.raises(InterruptedError):
                privileges.grant(connection, role=ROLE, password="")
            cursor.execute("SELECT has_table_privilege(%s, 'audit_event', 'DELETE')", [ROLE])
            assert cursor.fetchone() == (False,)
        finally:
            cursor.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


@pytest.mark.django_db(transaction=True)
def test_a_role_that_owns_the_tables_is_refused() -> None:
    done = migrate(role="postgres", owner="postgres")

    assert done.returncode == 1
    assert "The role postgres of DATABASE_URL is a superuser or owns tables." in done.stderr
