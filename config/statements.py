"""Statements that cost less than Django's, for the way of an alert alone: elsewhere the ORM is quick enough."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, TypeVar

import psycopg
from django.db import Error, connection
from django.db.models import JSONField, Manager, Model, QuerySet

from config import database

Row = TypeVar("Row", bound=Model)


def prepared_rows(statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows of a statement that each session prepares once.

    It is sent as it is: Django would first ask in each request whether the session still works. One that is broken is
    closed, so that the next query opens another.

    Raises:
        Error: as Django's cursors do.
    """
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
    """The first of `prepared_rows`; None if there is none."""
    return next(iter(prepared_rows(statement, values)), None)


def first_row(statement: str, values: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """`prepared_row` for a statement that only reads, and is the first of its task: the session may have ended since
    the last one, so it is asked once more in a new session.
    """
    try:
        return prepared_row(statement, values)
    except Error:
        if connection.in_atomic_block or connection.connection is not None:
            raise  # the session is not broken
        return prepared_row(statement, values)


class Columns(Generic[Row]):
    """The columns of a model in a statement of our own, and the row that they make.

    Without those of JSON, which Django would have to convert: they are read from the database when they are asked for.
    """

    def __init__(self, model: type[Row]) -> None:
        self._model = model
        every = model._meta.concrete_fields  # noqa: SLF001 - public
        fields = [each for each in every if not isinstance(each, JSONField)]
        self._names = [each.attname for each in fields]
        self._columns = [each.column for each in fields]

    def of(self, alias: str) -> str:
        """The columns, as the statement selects them from `alias`."""
        return ", ".join(f"{alias}.{column}" for column in self._columns)

    def read(self, values: Sequence[Any]) -> tuple[Row, Sequence[Any]]:
        """The row of the first values, and the values that follow them."""
        count = len(self._names)
        return self._model.from_db(connection.alias, self._names, values[:count]), values[count:]


class WrittenOnce(Generic[Row]):
    """A query by one value, for which Django writes the SQL once: that can take longer than to run it."""

    def __init__(self, query: Callable[[Any], QuerySet[Row]], mark: Any) -> None:
        """`mark` stands for the value while the SQL is written: no other value in the query is equal to it."""
        self._query = query
        self._mark = mark

    def rows(self, value: Any) -> list[Row]:
        """The rows for this value."""
        sql, values, manager = self._written
        return list(manager.raw(sql, [value if each == self._mark else each for each in values]))

    @cached_property
    def _written(self) -> tuple[str, tuple[Any, ...], Manager[Row]]:
        queryset = self._query(self._mark)
        return *queryset.query.sql_with_params(), queryset.model._default_manager  # noqa: SLF001 - public
