"""`manage.py migrate`, as Django has it, with all the time that it needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

UNLIMITED = ("statement_timeout", "idle_in_transaction_session_timeout")


class Command(migrate.Command):
    """Without the settings' limits on time, but for the one on locks.

    A migration that waits for a lock makes everybody else wait behind it: it ends instead, and may be run again.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        with unlimited(options["database"]):
            super().handle(*args, **options)


@contextmanager
def unlimited(database: str) -> Iterator[None]:
    """No limit on time for the connection to this database."""
    connection = connections[database]
    with connection.cursor() as cursor:
        for name in UNLIMITED:
            cursor.execute(f"SET {name} = 0")
    yield
    # Back to what the connection began with: the tests go on with it. After an error the command is over.
    with connection.cursor() as cursor:
        for name in UNLIMITED:
            cursor.execute(f"RESET {name}")
