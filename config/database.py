"""A database that is away, and what to do about it."""

from django.db import connection
from django.db.utils import InterfaceError, InternalError, OperationalError

AWAY = (OperationalError, InterfaceError, InternalError)
"""Raised where the database does not answer, refuses, or only reads (an `InternalError`): later it may work again."""


def forget_session() -> None:
    """Close this thread's session, so that the next query opens another.

    After a failover a kept session is still with the old server, which only reads. A new one finds the server that
    writes (`target_session_attrs`).
    """
    connection.close()
