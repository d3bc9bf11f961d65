"""A database that is away or stores nothing, and what to do about it."""

import contextlib
import sys
from collections.abc import Iterator
from enum import IntEnum, unique
from typing import Any

from django.db import Error, close_old_connections, connection
from django.db.utils import InterfaceError, InternalError, OperationalError
from psycopg import errors


@unique
class Lock(IntEnum):
    """The advisory locks that Bleep takes in its database. No two purposes have the same number."""

    BREAKER = 0x626C6570
    """The first half of the locks of probes: they choose who tries whether a provider answers again."""
    LEADER = 0x626C6571
    """The lock of the relay that listens for wake-ups."""
    SMS_REPLIES = 0x626C6572
    SUBSCRIPTIONS = 0x626C6573
    CALL_EVENTS = 0x626C6576
    IMPORT = 0x626C6565
    """The lock of imports. With the number of a login after it, that of one person's imports."""
    FORMER_ADDRESSES = 0x626C6566
    SEALING = 0x626C6563
    EXPIRY = 0x626C6564


AWAY = (OperationalError, InterfaceError, InternalError)
"""Errors of a database that does not answer, refuses, or is read-only (an `InternalError`): later it may work again."""

CAUSES: dict[type[Exception], str] = {
    errors.ReadOnlySqlTransaction: "The database is read-only.",
    errors.LockNotAvailable: "Somebody has locked a table of alerts.",
    errors.QueryCanceled: "The database takes too long.",
    errors.DiskFull: "The database's disk is full.",
}
"""Why a database that answers cannot store, by its error."""


HUNG_SECONDS = 60
"""Longer than a holder of a lock works without a statement, for example while AWS does not answer."""
READ_ONLY_SESSION = "session is read-only"
"""The text of libpq's error when `target_session_attrs` wants a server that can be written to."""


def cause(error: Error) -> str | None:
    """Why a database that answers stored nothing, as a sentence; None if it may not have answered at all."""
    if READ_ONLY_SESSION in str(error):  # the server refused a new session: that error has no code
        return CAUSES[errors.ReadOnlySqlTransaction]
    return next((text for kind, text in CAUSES.items() if isinstance(error.__cause__, kind)), None)


def has_waited(error: Error) -> bool:
    """Whether a statement failed after a long wait, so that another one at once would wait again."""
    return isinstance(error.__cause__, (errors.LockNotAvailable, errors.QueryCanceled))


def took_too_long(error: Error) -> bool:
    """Whether the database stopped a statement after `statement_timeout`: other statements may work."""
    return isinstance(error.__cause__, errors.QueryCanceled)


def forget_session() -> None:
    """Close this thread's session, so that the next query opens another.

    After a failover a kept session is still with the old server, which is read-only. A new one finds the primary
    (`target_session_attrs`).
    """
    connection.close()


@contextlib.contextmanager
def kept_session() -> Iterator[None]:
    """For a thread that keeps its session: replace one that is broken, and close one that stores nothing."""
    close_old_connections()  # the database may have restarted since
    try:
        yield
    except AWAY:
        forget_session()
        raise


def forget_failed_session(**_signal: Any) -> None:
    """Close the session after a request that failed because the database stores nothing. For the signal
    `got_request_exception`.
    """
    if isinstance(sys.exception(), AWAY):
        forget_session()


@contextlib.contextmanager
def advisory_lock(number: int) -> Iterator[bool]:
    """Whether this process has the lock, for work that only one process does at a time.

    The lock belongs to the session, and ends with it. So a process that hangs does not keep it: PostgreSQL ends a
    session that sends nothing for `HUNG_SECONDS`.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        (mine,) = cursor.fetchone()
        if mine:
            cursor.execute("SELECT set_config('idle_session_timeout', %s, false)", [f"{HUNG_SECONDS}s"])
    try:
        yield mine
    finally:
        if mine and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_unlock(%s), set_config('idle_session_timeout', '0', false)", [number]
                )
