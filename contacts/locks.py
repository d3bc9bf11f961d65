"""Clinicians held against change by others, and what somebody is told who has waited for that long enough."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import DeadlockDetected, LockNotAvailable

from contacts.models import Clinician

SENTENCE = "Somebody is changing many clinicians at this moment: try again in a minute. Nothing is saved."


IMPORT = 0x626C6565
"""The advisory lock of whoever imports: any number that nothing else in this database uses."""


class TakenError(Exception):
    """A sentence for staff: somebody else holds one of these clinicians."""


@contextmanager
def transaction_with_locks() -> Iterator[None]:
    """A transaction in which clinicians are locked.

    Raises:
        TakenError: somebody else held one of them for longer than the database waits (`lock_timeout`).
    """
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise TakenError(SENTENCE) from error
        raise


def locked(chosen: QuerySet[Clinician]) -> QuerySet[Clinician]:
    """All who are chosen, to be read with a lock.

    In one order everywhere, so that two who do this at once wait for each other instead of both failing. The lock
    leaves the key alone, so that an alert for one of them, whose row refers to it, waits for no editor.
    """
    ids = chosen.order_by().values("pk")
    return Clinician.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")


def one_import_at_a_time() -> None:
    """Wait for another import; until the transaction is over, the next one waits. Who is new has no row to lock yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT])
