"""The tests' database as `migrate` left it, put back after each test that commits.

Django's own flush empties every table, and then makes content types, permissions and groups again: a third of a second
for each test, and without the rows that migrations write. Here only what a test has changed is emptied, and the rows
that migrations wrote come back as they were.
"""

from django.db import OperationalError, connection, transaction
from psycopg import errors

TRIES = 5
SCHEMA = "pristine"
"""Where the rows that migrations wrote are kept, each table under its own name."""


class Pristine:
    """The rows of every table, as they were when this was made."""

    def __init__(self) -> None:
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
            cursor.execute(_each("SELECT '{0}' WHERE EXISTS (SELECT FROM {0})", names))
            self._kept = [name for (name,) in cursor.fetchall()]
            for name in self._kept:
                cursor.execute(f"CREATE TABLE {SCHEMA}.{name} AS TABLE {name}")
            cursor.execute(
                "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%_is_append_only'"
            )
            self._append_only = [name for (name,) in cursor.fetchall()]
        empty = [name for name in names if name not in self._kept]
        self._changed = _each("SELECT '{0}' WHERE EXISTS (SELECT FROM {0})", empty)
        self._differing = _each(
            f"SELECT '{{0}}' WHERE EXISTS (TABLE {{0}} EXCEPT TABLE {SCHEMA}.{{0}})"
            f" OR EXISTS (TABLE {SCHEMA}.{{0}} EXCEPT TABLE {{0}})",
            self._kept,
        )

    def put_back(self) -> None:
        """Empty what was changed, and write the kept rows that are missing then."""
        for left in reversed(range(TRIES)):
            try:
                self._put_back()
            except OperationalError as error:
                # A relay or worker writes to the same tables, in its own order.
                if not (left and isinstance(error.__cause__, errors.DeadlockDetected)):
                    raise
            else:
                return

    def _put_back(self) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            looked_for = f"{self._changed} UNION ALL {self._differing}"
            cursor.execute(looked_for)
            changed = [name for (name,) in cursor.fetchall()]
            if not changed:
                return
            # A worker may be writing at this moment: wait for it, and look at what it wrote.
            cursor.execute(f"LOCK TABLE {', '.join(changed)} IN EXCLUSIVE MODE")
            cursor.execute(looked_for)
            changed = [name for (name,) in cursor.fetchall()]
            # Not TRUNCATE, which takes several times as long for a few rows. Without triggers, which needs a superuser,
            # and without those of a table's owner: a record of what people did refuses to go.
            emptied = "; ".join(f"DELETE FROM {name}" for name in changed)  # noqa: S608 - tables of Bleep
            kept = [name for name in self._append_only if name in changed]
            for name in kept:
                cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER {name}_is_append_only")
            cursor.execute(f"SET LOCAL session_replication_role = replica; {emptied}")
            for name in kept:
                cursor.execute(f"ALTER TABLE {name} ENABLE ALWAYS TRIGGER {name}_is_append_only")
            cursor.execute(self._differing)
            for (name,) in cursor.fetchall():
                cursor.execute(f"INSERT INTO {name} TABLE {SCHEMA}.{name}")


def _each(query: str, names: list[str]) -> str:
    """The same query of each table, as one."""
    return " UNION ALL ".join(query.format(name) for name in names)
