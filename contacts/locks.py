"""Locks on clinicians, so that two users do not change them at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from psycopg.errors import DeadlockDetected, LockNotAvailable

from config.database import Lock, advisory_lock
from contacts.models import Clinician

SENTENCE = "Somebody is changing many clinicians at this moment: try again in a minute. Nothing is saved."
ONE_FILE = "Another file of yours is being read or imported: wait until that is done, and try again."


class LockedError(Exception):
    """Somebody else has locked one of these clinicians. The message is a sentence for staff."""


@contextmanager
def transaction_with_locks() -> Iterator[None]:
    """A transaction in which clinicians are locked.

    Raises:
        LockedError: somebody else held one of them for longer than the database waits (`lock_timeout`).
    """
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable | DeadlockDetected):
            raise LockedError(SENTENCE) from error
        raise


def locked(chosen: QuerySet[Clinician]) -> QuerySet[Clinician]:
    """The chosen clinicians, locked.

    The order is always the same, so that two users wait for each other instead of deadlocking. The lock leaves the key
    alone: a new alert for one of them, whose row refers to the clinician, does not wait.
    """
    ids = chosen.order_by().values("pk")
    return Clinician.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")


@contextmanager
def one_import_of(user_id: int) -> Iterator[None]:
    """Read only one file of each person at a time, in all processes together: reading one takes a processor for
    seconds.

    Raises:
        LockedError: another one of theirs is being read or saved.
    """
    with advisory_lock((Lock.IMPORT << 32) + user_id) as is_mine:
        if not is_mine:
            raise LockedError(ONE_FILE)
        yield


def one_import_at_a_time() -> None:
    """Serialise imports until the transaction ends: new clinicians have no row to lock yet."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [Lock.IMPORT])
