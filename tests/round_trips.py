"""What goes to PostgreSQL and back, as libpq sees it: Django's own log does not have the prepared statements."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from psycopg import pq


@contextmanager
def round_trips() -> Iterator[list[str]]:
    """The round trips of this thread's session while the block runs: `prepared`, or the first word of a query.

    A statement is prepared when a session first runs it, so run it once before.
    """
    connection.ensure_connection()
    session = connection.connection.pgconn
    found: list[str] = []
    with tempfile.TemporaryFile("w+") as file:
        session.trace(file.fileno())
        session.set_trace_flags(pq.Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield found
        finally:
            if session.status == pq.ConnStatus.OK:
                session.untrace()
            file.seek(0)
            found.extend(_round_trips(file))


def _round_trips(lines: Iterator[str]) -> Iterator[str]:
    parsed = ""
    for line in lines:
        end, _, message, *rest = [*line.strip().split("\t"), "", "", ""]
        if end != "F":
            continue
        if message == "Query":
            yield rest[0].strip(' "').split()[0]
        elif message == "Parse":
            parsed = rest[0].split('"')[3].split()[0]
        elif message == "Sync":
            yield parsed or "prepared"
            parsed = ""
