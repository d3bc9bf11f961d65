"""Whether somebody waits for a lock of the database, for tests in which two meet."""

from django.db import connection


def waiting() -> int:
    """How many wait for a lock at this moment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        found: int = cursor.fetchone()[0]
        return found
