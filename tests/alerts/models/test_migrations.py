"""An upgrade, as operators do it: `manage.py migrate` over a database that the first version has filled.

Nothing that is stored changes, the version before still works beside the new one while it is being replaced, and no
table is locked for longer than a moment.
"""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, models
from django.db.migrations import AddConstraint, AddIndex, Migration, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from psycopg import sql

from tests.config.server import run
from tests.environment import database_url
from tests.processes import ROOT

FIRST = "0001"
TABLES = ("alerts_alert", "alerts_delivery", "alerts_attempt", "alerts_relayheartbeat")
SOON, NOW = "2026-11-22 12:01:00+00", "2026-11-22 12:00:00+00"

DELIVERIES: dict[str, dict[str, Any]] = {
    "pending": {},
    "sending": {"lease_token": uuid.UUID(int=1), "lease_expires_at": SOON, "attempt_count": 1},
    "sent": {"finished_at": NOW, "provider_id": "p-1", "attempt_count": 1},
    "delivered": {"finished_at": NOW, "provider_id": "p-2", "attempt_count": 2},
    "undelivered": {"finished_at": NOW, "provider_id": "p-3", "reason": "refused"},
    "failed": {"finished_at": NOW, "reason": "invalid_address", "attempt_count": 1},
    "unknown": {"finished_at": NOW, "reason": "answer_lost", "possible_duplicate": True},
    "cancelled": {"finished_at": NOW},
}
ATTEMPTS: dict[str, dict[str, Any]] = {
    "calling": {},
    "sent": {"finished_at": NOW, "provider_id": "p-1"},
    "throttled": {"finished_at": NOW, "reason": "throttled", "code": "Throttling"},
    "unsent": {"finished_at": NOW, "reason": "unreachable"},
    "rejected": {"finished_at": NOW, "reason": "refused"},
    "unknown": {"finished_at": NOW, "reason": "worker_lost", "late": True},
}
ALERTS = ("open", "acknowledged", "cancelled", "closed")
REASONS = (
    "throttled", "quota", "unreachable", "answer_lost", "worker_lost", "invalid_address", "opted_out", "not_allowed",
    "unconfirmed", "refused", "misconfigured", "tries_used_up", "too_old",
)  # fmt: skip
"""What the first version knew; rows may hold any of it."""

Row = tuple[Any, ...]


class Database:
    """A database of its own, which `manage.py migrate` brings to a version."""

    def __init__(self, name: str) -> None:
        self.url = database_url(name)
        # Like Django, without prepared statements, which a migration would make invalid.
        self.connection = psycopg.connect(self.url, autocommit=True, prepare_threshold=None)

    def migrate(self, *target: str) -> None:
        """As `deploy/entrypoint migrate` does."""
        done = run("manage.py", "migrate", "--no-input", *target, DATABASE_URL=self.url)
        assert done.returncode == 0, done.stderr

    def columns(self, table: str) -> dict[str, bool]:
        """Each column, and whether a row can be written without naming it."""
        rows = self.connection.execute(
            "SELECT column_name, is_nullable = 'YES' OR column_default IS NOT NULL OR is_identity = 'YES'"
            " FROM information_schema.columns WHERE table_name = %s",
            [table],
        )
        return dict(rows.fetchall())

    def insert(self, table: str, **values: Any) -> Any:
        """Write a row with these columns and no others; its primary key."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join([sql.Placeholder()] * len(values)),
        )
        written = self.connection.execute(statement, list(values.values())).fetchone()
        assert written
        return written[0]

    def rows(self, table: str, columns: list[str]) -> list[Row]:
        """All rows, of these columns."""
        statement = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(table)
        )
        return sorted(self.connection.execute(statement).fetchall(), key=repr)


@pytest.fixture
def database() -> Iterator[Database]:
    """A database in which nothing is yet."""
    name = f"upgrade_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database_url("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        made = Database(name)
        yield made
        made.connection.close()
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def fill(database: Database, prefix: str) -> None:
    """What the first version writes: each state of alerts, deliveries and attempts, and each reason."""
    client = database.insert("clients_apiclient", name=f"{prefix} lab", active=True)
    clinician = database.insert(
        "contacts_clinician",
        contact_id=f"{prefix}-1",
        name="Dr Example",
        role="",
        department="",
        active=True,
        call_number="+447700900001",
        sms_number="",
        email="clinician@ward.example",
    )

    def alert(message_id: str, state: str = "open") -> Any:
        values = {
            "type": "blood_test_alert",
            "patient_id": "123456789",
            "description": "Ready",
            "priority": "H",
        }
        who = {
            "client_id": client,
            "is_test": False,
            "clinician_id": clinician,
            "contact_id": f"{prefix}-1",
        }
        return database.insert(
            "alerts_alert", message_id=f"{prefix} {message_id}", state=state, **values, **who
        )

    def delivery(alert_id: Any, state: str, **fields: Any) -> Any:
        what = {"alert_id": alert_id, "clinician_id": clinician, "priority": "H", "channel": "call"}
        usual = {"address": "+447700900001", "round": 1, "reason": "", "possible_duplicate": False}
        counted = {"provider_id": "", "attempt_count": 0}
        return database.insert(
            "alerts_delivery", id=uuid.uuid4(), state=state, **{**what, **usual, **counted, **fields}
        )

    def attempt(delivery_id: Any, number: int, state: str, **fields: Any) -> None:
        usual = {"channel": "call", "reason": "", "code": "", "provider_id": "", "late": False}
        database.insert(
            "alerts_attempt", delivery_id=delivery_id, number=number, state=state, **{**usual, **fields}
        )

    for state in ALERTS:
        alert(state, state)
    for state, fields in DELIVERIES.items():
        delivery(alert(f"delivery {state}"), state, **fields)
    for reason in REASONS:
        delivery(alert(f"reason {reason}"), "failed", finished_at=NOW, reason=reason)
    tried = delivery(alert("attempts"), **{"state": "sending", **DELIVERIES["sending"]})
    for number, (state, fields) in enumerate(ATTEMPTS.items(), 1):
        attempt(tried, number, state, **fields)
    database.insert("alerts_relayheartbeat", relay=f"{prefix}:1")


def test_an_upgrade_keeps_every_row_and_the_version_before_can_go_on_writing(database: Database) -> None:
    database.migrate("alerts", FIRST)
    fill(database, "before")
    known = {table: sorted(database.columns(table)) for table in TABLES}
    stored = {table: database.rows(table, known[table]) for table in TABLES}
    assert all(len(stored[table]) >= 1 for table in TABLES)

    database.migrate()

    for table in TABLES:
        columns = database.columns(table)
        # What the version before reads is there, as it was; what it does not know it need not write.
        assert set(known[table]) <= set(columns)
        assert database.rows(table, known[table]) == stored[table]
        assert [name for name in columns if name not in known[table] and not columns[name]] == []
    unchecked = database.connection.execute("SELECT conname FROM pg_constraint WHERE NOT convalidated")
    assert unchecked.fetchall() == []
    unfinished = database.connection.execute("SELECT indexrelid::regclass FROM pg_index WHERE NOT indisvalid")
    assert unfinished.fetchall() == []

    fill(database, "after")
    assert all(len(database.rows(table, known[table])) == 2 * len(stored[table]) for table in TABLES)


BLOCKING = {
    "an index that is not built concurrently": r"^CREATE (UNIQUE )?INDEX (?!CONCURRENTLY)",
    "a constraint that is checked at once": r"\bADD CONSTRAINT (?!.* NOT VALID$)",
    "a column that is rewritten": r"\bALTER COLUMN .* (TYPE|SET NOT NULL)\b",
    "a column with an index or a check": r"\bADD COLUMN .* (UNIQUE|REFERENCES|GENERATED)\b",
    "a change of rows": r"^(UPDATE|DELETE)\b",
}
"""Statements that read or write a whole table under a lock for which every alert waits."""
READS_ALL = r"VALIDATE CONSTRAINT|CREATE (UNIQUE )?INDEX CONCURRENTLY"


def statements(migration: Migration, before: ProjectState) -> list[str]:
    """The SQL of a migration, except what it does to tables that it creates."""
    with connection.schema_editor(collect_sql=True, atomic=False) as editor:
        migration.apply(before.clone(), editor, collect_sql=True)
    collected = editor.collected_sql
    created = re.findall(r'CREATE TABLE ("\w+")', "\n".join(collected))
    lines = [line.rstrip(";") for line in collected if not line.startswith("--")]
    return [line for line in lines if not any(table in line for table in created)]


def faults(migration: Migration, before: ProjectState) -> list[str]:
    """Why alerts would wait for this migration, in words; empty where they would not."""
    lines, at_once = statements(migration, before), migration.atomic
    found = [what for what, pattern in BLOCKING.items() for line in lines if re.search(pattern, line)]
    if at_once and any(re.search(READS_ALL, line) for line in lines):
        found.append("a whole table is read in a transaction that holds other locks")
    # Alerts lock several tables in one transaction, so the two could wait for each other.
    if at_once and len({table for line in lines for table in re.findall(r'^ALTER TABLE "(\w+)"', line)}) > 1:
        found.append("two tables are locked at once")
    return found


def later_migrations() -> list[str]:
    """Those that run while the tables are full and alerts go on."""
    names = sorted(path.stem for path in (ROOT / "alerts" / "migrations").glob("0*.py"))
    return [name for name in names if not name.startswith(FIRST)]


@pytest.mark.django_db(transaction=True)
def test_no_alert_waits_for_a_migration() -> None:
    loader = MigrationLoader(connection)

    for name in later_migrations():
        before = loader.project_state(("alerts", name), at_end=False)
        assert faults(loader.get_migration("alerts", name), before) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("operations", "fault"),
    [
        (
            [AddIndex("delivery", models.Index(fields=["address"], name="delivery_address"))],
            "an index that is not built concurrently",
        ),
        (
            [AddConstraint("alert", models.CheckConstraint(condition=~models.Q(type="x"), name="alert_x"))],
            "a constraint that is checked at once",
        ),
        ([RunSQL("UPDATE alerts_alert SET type = type")], "a change of rows"),
        (
            [RunSQL('ALTER TABLE "alerts_alert" ALTER COLUMN "type" SET NOT NULL')],
            "a column that is rewritten",
        ),
        (
            [RunSQL('ALTER TABLE "alerts_alert" ADD COLUMN "a" int UNIQUE')],
            "a column with an index or a check",
        ),
        (
            [RunSQL('ALTER TABLE "alerts_alert" VALIDATE CONSTRAINT "alert_state_is_known"')],
            "a whole table is read in a transaction that holds other locks",
        ),
        (
            [
                RunSQL(f'ALTER TABLE "{table}" ADD COLUMN "a" int')
                for table in ("alerts_alert", "alerts_delivery")
            ],
            "two tables are locked at once",
        ),
    ],
    ids=str,
)
def test_a_migration_that_alerts_would_wait_for_is_found(operations: list[Operation], fault: str) -> None:
    bad = type("Bad", (Migration,), {"operations": operations})("9999_bad", "alerts")

    assert fault in faults(bad, MigrationLoader(connection).project_state())
