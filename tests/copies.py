"""Thousands of rows, quickly: the database itself copies one of them."""

from django.db import connection
from django.db.models import Model, UUIDField


def copy(row: Model, numbers: range, **differs: str) -> None:
    """Copy a stored row for each number. `differs` says in SQL what differs, where `n` is the number."""
    table, key = row._meta.db_table, row._meta.pk  # noqa: SLF001 - documented
    assert key is not None
    next_key = (
        "gen_random_uuid()"
        if isinstance(key, UUIDField)
        else f"nextval(pg_get_serial_sequence('{table}', '{key.column}'))"
    )
    columns: dict[str, str] = {str(key.column): next_key, **differs}
    changes = ", ".join(f"'{column}', {expression}" for column, expression in columns.items())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} SELECT copied.* FROM {table} AS row, generate_series(%s, %s) AS n,"  # noqa: S608
            f" LATERAL jsonb_populate_record(row, jsonb_build_object({changes})) AS copied"
            f" WHERE row.{key.column} = %s",
            [numbers.start, numbers.stop - 1, row.pk],
        )
