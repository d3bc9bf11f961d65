"""Prepared statements, which cost less than Django's: for the way of an alert alone, because elsewhere the ORM is fast
enough.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import psycopg
from django.db import Error, NotSupportedError, connection
from django.db.models import Model

from config import database

Row = TypeVar("Row", bound=Model)


def prepared_rows(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that each session prepares once.

    It is sent without Django's check of the session, which takes a query in each request. A broken session is closed,
    so that the next query opens another.

    Raises:
        Error: as Django's cursors do.
    """
    try:
        return _rows(statement, values)
    except NotSupportedError:
        # "cached plan must not change result type": a migration has changed a column. PostgreSQL did nothing, and would
        # say so for the rest of this session. (After the transaction, psycopg prepares it again.)
        if connection.in_atomic_block:
            raise
        database.forget_session()
        return _rows(statement, values)


def _rows(statement: str, values: Mapping[str, Any] | Sequence[Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    try:
        with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
            found = cursor.execute(statement, values, prepare=True).fetchall()
    except Error:
        if connection.connection.closed:
            database.forget_session()
        raise
    connection.health_check_done = True  # type: ignore[attr-defined]
    return found


def prepared_row(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of `prepared_rows`; None if there is none."""
    return next(iter(prepared_rows(statement, values)), None)


def first_row(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """`prepared_row` for a statement that only reads, as the first of a task.

    The session may have ended since the last task: then the statement is sent again in a new session.
    """
    kept = connection.connection is not None
    try:
        return prepared_row(statement, values)
    except Error:
        ended = kept and connection.connection is None
        if not ended or connection.in_atomic_block:
            raise
        return prepared_row(statement, values)


class Columns(Generic[Row]):
    """The columns of a model in a statement of our own, and the object that their values make."""

    def __init__(self, model: type[Row]) -> None:
        self._model = model
        fields = model._meta.concrete_fields  # noqa: SLF001 - public
        self._names = [each.attname for each in fields]
        self._columns = [each.column for each in fields]
        self._converters = [
            (number, each.from_db_value)
            for number, each in enumerate(fields)
            if hasattr(each, "from_db_value")
        ]

    def of(self, alias: str) -> str:
        """The columns as the statement selects them from `alias`."""
        return ", ".join(f"{alias}.{column}" for column in self._columns)

    def read(self, values: Sequence[Any]) -> tuple[Row, Sequence[Any]]:
        """The object from the first values, and the values after those."""
        count = len(self._names)
        own = list(values[:count])
        for number, convert in self._converters:
            own[number] = convert(own[number], None, connection)
        return self._model.from_db(connection.alias, self._names, own), values[count:]
