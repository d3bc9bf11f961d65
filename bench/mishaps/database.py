"""PostgreSQL: it crashes, ends sessions, cancels statements, is read-only, and has a locked table."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Mapping

import psycopg
from psycopg import sql

from bench.stack import SESSIONS, Stack

TABLES = ("alerts_alert", "alerts_delivery")
"""The tables that somebody locks."""
LOCK_SECONDS = 3.0
"""How long to wait for the lock on a table in use."""
CANCEL_EVERY = 0.005
MOST_CANCELS = 2000

OF_BLEEP = f"""
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND application_name <> '{SESSIONS}'
"""
TERMINATE_SOME = f"SELECT pg_terminate_backend(pid) {OF_BLEEP} ORDER BY random() LIMIT 8"
CANCEL = f"SELECT pg_cancel_backend(pid) {OF_BLEEP} AND state = 'active'"


class Database:
    """The mishaps of PostgreSQL."""

    def __init__(self, stack: Stack) -> None:
        self.actions: Mapping[str, Callable[[str], None]] = {
            "kill": self._kill,
            "stop": self._stop,
            "start": self._start,
            "terminate": self._terminate,
            "cancel": self._cancel,
            "allow": self._allow,
            "read-only": self._read_only,
            "read-write": self._read_write,
            "lock": self._lock,
            "unlock": self._unlock,
        }
        self._stack = stack
        self._away = False
        self._lock_holder: psycopg.Connection[tuple[object, ...]] | None = None
        self._canceller: threading.Thread | None = None
        self._enough = threading.Event()

    def undo(self) -> None:
        """PostgreSQL runs and takes writes, and nobody is in its way."""
        self._allow("postgres")
        self._unlock("any")
        self._start("postgres")
        self._set_read_only("RESET default_transaction_read_only")

    def _kill(self, _name: str) -> None:
        self._away = True
        self._stack.postgres.kill()

    def _stop(self, _name: str) -> None:
        """The immediate shutdown: it cuts connections, and the next start recovers from the log."""
        self._away = True
        if (pid := self._stack.postgres.pid) is not None:
            os.kill(pid, signal.SIGQUIT)

    def _start(self, _name: str) -> None:
        if self._away:
            self._stack.postgres.kill()  # start() does nothing while the old process is still stopping
        self._stack.postgres.start()
        self._away = False

    def _terminate(self, _name: str) -> None:
        """Eight sessions of Bleep, whatever they are doing."""
        with contextlib.suppress(psycopg.Error):
            self._stack.rows(TERMINATE_SOME)

    def _cancel(self, _name: str) -> None:
        """Cancel every statement that takes more than a few milliseconds, as `statement_timeout` would.

        Bleep sets that for its own sessions, which overrides a setting of the database or a role. For the client it is
        the same: SQLSTATE 57014.
        """
        self._enough.clear()
        self._canceller = threading.Thread(target=self._cancel_on, daemon=True)
        self._canceller.start()

    def _cancel_on(self) -> None:
        with contextlib.suppress(psycopg.Error), self._stack.session() as session:
            for _ in range(MOST_CANCELS):
                session.execute(CANCEL.encode())
                if self._enough.wait(CANCEL_EVERY):
                    return

    def _allow(self, _name: str) -> None:
        self._enough.set()
        if self._canceller is not None:
            self._canceller.join()
            self._canceller = None

    def _read_only(self, _name: str) -> None:
        """Make PostgreSQL read-only, as after a failover: kept sessions are read-only from now on, and new ones find no
        primary.

        For the whole server, because a setting of the database would leave the kept sessions as they are.
        """
        with contextlib.suppress(psycopg.Error):
            self._set_read_only("SET default_transaction_read_only = on")
            self._stack.rows(TERMINATE_SOME)

    def _read_write(self, _name: str) -> None:
        with contextlib.suppress(psycopg.Error):
            self._set_read_only("RESET default_transaction_read_only")
            self._stack.rows(TERMINATE_SOME)

    def _set_read_only(self, change: str) -> None:
        self._stack.rows(f"ALTER SYSTEM {change}")
        self._stack.rows("SELECT pg_reload_conf()")

    def _lock(self, table: str) -> None:
        """Lock a table, as a migration does, or somebody in psql who forgot to commit."""
        with contextlib.suppress(psycopg.Error):
            self._lock_holder = self._stack.session(lock_seconds=LOCK_SECONDS)
            self._lock_holder.execute("BEGIN")
            self._lock_holder.execute(
                sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table))
            )

    def _unlock(self, _table: str) -> None:
        if self._lock_holder is not None:
            self._lock_holder.close()
            self._lock_holder = None
