"""Sentences for an operator whose command the database has interrupted."""

import contextlib
from collections.abc import Iterator

from django.core.management.base import CommandError
from django.db.utils import Error
from psycopg import errors

from config import database

HELD = "Somebody else had locked rows that this would change, for longer than the five seconds that it waits."
OVERTAKEN = "Somebody else changed the same rows at that moment."
AWAY = "The database does not answer."
WHAT_NOW = "What was done until then stays done. Run this again: it goes on from there."


@contextlib.contextmanager
def in_a_sentence() -> Iterator[None]:
    """End the command with a sentence.

    Raises:
        CommandError: the database is away, stores nothing, or somebody else holds its rows.
    """
    try:
        yield
    except database.AWAY as error:
        raise CommandError(f"{_why(error)} {WHAT_NOW}") from None


def _why(error: Error) -> str:
    if isinstance(error.__cause__, errors.LockNotAvailable):
        return HELD
    if isinstance(error.__cause__, errors.DeadlockDetected):
        return OVERTAKEN
    return database.cause(error) or AWAY
