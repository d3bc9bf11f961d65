"""Django's `manage.py migrate`, without time limits."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate
from django.db import connections

UNLIMITED = ("statement_timeout", "idle_in_transaction_session_timeout")


class Command(migrate.Command):
    """Lifts the settings' time limits, but not the one on locks.

    Everything else queues behind a migration that waits for a lock. So it fails instead, and can be run again.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        with unlimited(options["database"]):
            super().handle(*args, **options)


@contextmanager
def unlimited(database: str) -> Iterator[None]:
    """Lift the time limits of the connection to this database."""
    connection = connections[database]
    with connection.cursor() as cursor:
        for name in UNLIMITED:
            cursor.execute(f"SET {name} = 0")
    yield
    # Tests use the connection afterwards. After an error the process ends anyway.
    with connection.cursor() as cursor:
        for name in UNLIMITED:
            cursor.execute(f"RESET {name}")
