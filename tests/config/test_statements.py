"""Prepared statements, in a session that lives longer than what they were prepared for."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import NotSupportedError, connection, transaction

from config import statements

READ = "SELECT name FROM tried WHERE name = %(name)s"
WRITE = "INSERT INTO tried VALUES (%(name)s) RETURNING name"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    in_another_session("CREATE TABLE tried (name varchar(8))")
    yield
    in_another_session("DROP TABLE tried")


def in_another_session(statement: str) -> None:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as session:
        session.execute(statement)


def widen() -> None:
    """As a migration does, while processes run."""
    in_another_session("ALTER TABLE tried ALTER COLUMN name TYPE varchar(16)")


@pytest.mark.parametrize("statement", [READ, WRITE])
def test_a_migration_does_not_stop_the_sessions_that_were_there_before(statement: str) -> None:
    statements.prepared_row(statement, {"name": "first"})
    widen()

    statements.prepared_row(statement, {"name": "second"})

    written = statements.prepared_rows("SELECT name FROM tried", {})
    assert written == ([("first",), ("second",)] if statement == WRITE else [])


def test_in_a_transaction_it_fails_once() -> None:
    statements.prepared_row(READ, {"name": "first"})
    widen()

    with pytest.raises(NotSupportedError), transaction.atomic():
        statements.prepared_row(READ, {"name": "first"})

    with transaction.atomic():
        assert statements.prepared_row(READ, {"name": "first"}) is None
