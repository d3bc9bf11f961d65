"""Limits what every part but `migrate` may do in the database: read and write rows, and no more.

Tables belong to the role with which `migrate` connects (MIGRATE_DATABASE_URL). All other parts connect with the role of
DATABASE_URL, which owns nothing: it cannot turn off triggers, truncate or change tables.
"""

from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

ROLE = """
SELECT rolsuper OR EXISTS (SELECT FROM pg_tables WHERE tableowner = rolname AND schemaname = 'public')
FROM pg_roles WHERE rolname = %s
"""
GRANTS = """
GRANT USAGE ON SCHEMA public TO {role};
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role};
"""
APPEND_ONLY = """
SELECT relname, tgargs FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname LIKE '%_is_append_only'
"""


class OwnsTables(Exception):
    """The role of DATABASE_URL has rights that it must not have, and that cannot be revoked."""


def grant(connection: BaseDatabaseWrapper, *, role: str, password: str) -> None:
    """Make the role if it is missing, grant it what it needs, and revoke the rest. It can be run again at any time.

    Raises:
        OwnsTables: the role is a superuser, or owns tables.
    """
    name = sql.Identifier(role)
    # All or nothing: halfway through, the role could change append-only tables.
    with transaction.atomic(connection.alias), connection.cursor() as cursor:
        cursor.execute(ROLE, [role])
        found = cursor.fetchone()
        if found is None:
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(name))
        elif found[0]:
            raise OwnsTables(
                f"The role {role} of DATABASE_URL is a superuser or owns tables. Name another one there, which "
                "`migrate` makes if it is missing."
            )
        if password:
            cursor.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, _kept_form(connection, role, password))
            )
        cursor.execute(sql.SQL(GRANTS).format(role=name))
        cursor.execute(APPEND_ONLY)
        for table, arguments in cursor.fetchall():
            cursor.execute(_only_append(sql.Identifier(table), name, bytes(arguments)))


def _kept_form(connection: BaseDatabaseWrapper, role: str, password: str) -> sql.Literal:
    """The form in which PostgreSQL keeps a password, so that no statement contains the password itself."""
    session: Any = connection.connection.pgconn
    kept: bytes = session.encrypt_password(password.encode(), role.encode(), b"scram-sha-256")
    return sql.Literal(kept.decode())


def _only_append(table: sql.Identifier, role: sql.Identifier, arguments: bytes) -> sql.Composable:
    """Let rows be added to the table, and texts expire: their columns are the arguments of the trigger."""
    texts = [sql.Identifier(each.decode()) for each in arguments.split(b"\0") if each]
    statement = sql.SQL("REVOKE UPDATE, DELETE ON {} FROM {};").format(table, role)
    if texts:
        statement += sql.SQL("GRANT UPDATE ({}) ON {} TO {};").format(sql.SQL(", ").join(texts), table, role)
    return statement
