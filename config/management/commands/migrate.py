"""Django's `manage.py migrate`, without time limits, as the owner of the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections

from config import checks
from config.security import privileges

UNLIMITED = ("statement_timeout", "idle_in_transaction_session_timeout")
LOGIN = ("USER", "PASSWORD", "HOST", "PORT")


class Command(migrate.Command):
    """Lifts the settings' time limits, but not the one on locks.

    Everything else queues behind a migration that waits for a lock. So such a migration fails, and can be run again.
    """

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Connect as the owner of the tables from the first check on, but not to a server that the checks forbid."""
        if found := [*checks.check_environment(None), *checks.check_encryption(None)]:
            raise CommandError("\n".join(["Nothing was migrated.", *map(str, found)]))
        with as_owner(options["database"]) as self.others:
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        with unlimited(options["database"]):
            super().handle(*args, **options)
            self._grant(options["database"])

    def _grant(self, database: str) -> None:
        """Let the role of DATABASE_URL, with which all other parts connect, read and write rows."""
        if settings.OWNER is None:
            return
        role, password = self.others["USER"], self.others.get("PASSWORD", "")
        try:
            privileges.grant(connections[database], role=role, password=password)
        except privileges.OwnsTables as error:
            raise CommandError(str(error)) from error


@contextmanager
def as_owner(database: str) -> Iterator[dict[str, Any]]:
    """Connect as MIGRATE_DATABASE_URL says, if it is set. It names the same database.

    Changes Django's settings of the connection. Returns them as they were, which is how all other parts connect.
    """
    connection = connections[database]
    before = dict(connection.settings_dict)
    if settings.OWNER is None:
        yield before
        return
    connection.close()
    connection.settings_dict.update(
        {each: settings.OWNER.get(each, "") for each in LOGIN},
        OPTIONS={**before["OPTIONS"], **settings.OWNER.get("OPTIONS", {})},
    )
    try:
        yield before
    finally:
        connection.close()
        connection.settings_dict.update(before)


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
