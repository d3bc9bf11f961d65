"""Runs all of Bleep on loopback ports in its own directory, for the benchmarks.

PostgreSQL, Redis and the stand-in for AWS are the sandbox's; the entry point of the container image starts Bleep's
parts. Services that the environment names are ignored: a benchmark never uses real services.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox import run_settings
from sandbox.output import RunLog
from sandbox.processes import Child, ProcessGroup, kill
from sandbox.readiness import answers, wait_until_ready
from sandbox.run_settings import DOOR, HOST, WEB_PARTS, Ports, RunSettings, environment
from sandbox.services import EmbeddedPostgres, EmbeddedRedis, exclusive, free_port

PARTS: dict[str, str] = {
    **{part: part for part in WEB_PARTS},
    "relay-1": "relay",
    "relay-2": "relay",
    "worker-urgent": "worker-urgent",
    "worker": "worker",
}
"""The processes of a whole Bleep, with the part of each for the entry point: two relays, as in production."""
WORKERS = ("worker-urgent", "worker")
AS_DEPLOYED = {"GRANIAN_WORKERS": "", "API_THREADS": "16"}
"""The processes and threads of the entry point, and the door's number of them; `make run` has fewer."""
AWS = "aws"
"""The process that stands in for AWS, which is no part of Bleep."""
SERVERS = ("postgres", "redis")
SESSIONS = "bench"
"""The application name of this process's own sessions in PostgreSQL."""
READY_SECONDS = 90.0
GRACE_SECONDS = 5.0
OURS = ("DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL")
CLUSTER = "BENCH_CLUSTER"
"""The variable with a directory of PostgreSQL in which Bleep is migrated already: using a copy of it takes no time."""
PORTS = range(32000, 32760)
"""Below the range for outgoing connections (see `sandbox.services.ports`), and above the embedded servers' ports."""

Address = tuple[str, int, str]
"""Host, port and token."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StackError(Exception):
    """The benchmark cannot run. The text says why, and where the log is."""


class NoResultError(StackError):
    """Bleep works, but the benchmark has no result. The text says why."""


class Stack:
    """A running Bleep. `with Stack() as stack:` starts it, and stops all its processes at the end."""

    def __init__(self, parts: Sequence[str] = tuple(PARTS), **variables: str) -> None:
        """`variables` are added to the environment of every process."""
        self.parts = tuple(parts)
        self.directory = Path(tempfile.mkdtemp(prefix="bleep-bench-"))
        self.keep = False
        """Keep the directory with data and logs, to find out what went wrong."""
        self.token = ""
        """The token of a hospital system."""
        self.log = self.directory / "output.log"
        self._children: dict[str, Child] = {}
        with contextlib.ExitStack() as stack:
            stack.callback(self._tidy)
            self._ports = Ports(free_port(PORTS, adjacent=run_settings.PORTS_OF_A_RUN))
            self.host, self.port = HOST, self._ports.door
            self.aws_url = f"http://{HOST}:{self._ports.aws}"
            self.postgres = EmbeddedPostgres(self.directory)
            self.redis = EmbeddedRedis(self.directory)
            self.env = self._environment(variables)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        # Stop all processes on SIGTERM, too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        print("Starting PostgreSQL, Redis, the stand-in for AWS and Bleep ...", flush=True)
        with self._stack.pop_all() as stack:
            stack.enter_context(exclusive(self.directory))
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        failed = kind is not None and issubclass(kind, Exception) and not issubclass(kind, NoResultError)
        self.keep = self.keep or failed
        self._stack.close()

    def start(self, name: str, **variables: str) -> None:
        """Start one of Bleep's parts, with `variables` in its environment. Does nothing if it runs."""
        child = self._children.get(name)
        if child is not None:
            if child.result is None:
                return
            self._processes.forget(child)
        alive = self._alive_file(name)
        alive.unlink(missing_ok=True)
        self._children[name] = self._processes.start(
            name,
            [str(run_settings.ENTRYPOINT), PARTS[name]],
            {**self.env, **self._ports.env(name), "ALIVE_FILE": str(alive), **variables},
        )

    def add(self, parts: Sequence[str]) -> None:
        """Start further parts, and return when all are ready."""
        self.parts = (*self.parts, *parts)
        for name in parts:
            self.start(name)
        self.wait_until_ready()

    def start_beside(
        self, name: str, command: Sequence[str], env: Mapping[str, str], *, is_ready: Callable[[], bool]
    ) -> None:
        """Start a process that is no part of Bleep, and return when it is ready."""
        self._children[name] = self._processes.start(name, command, env)
        if wait_until_ready({name: is_ready}, seconds=READY_SECONDS, look=self._look):
            raise self._failed(f"{name}: not ready in time")

    def kill(self, name: str) -> None:
        """Kill one of Bleep's parts and its children with SIGKILL."""
        kill(self.family(name))
        self._children[name].process.wait()

    def terminate(self, name: str) -> None:
        """Ask a part to end, with SIGTERM."""
        self._children[name].process.terminate()

    def stop(self, name: str) -> None:
        """Ask a part to end, and return when it has."""
        self.terminate(name)
        self._children[name].process.wait()

    def freeze(self, name: str) -> None:
        """Freeze a part, or `AWS`, with SIGSTOP, like a paused virtual machine."""
        for process in self.family(name):
            process.suspend()

    def thaw(self, name: str) -> None:
        """Resume a frozen part."""
        for process in self.family(name):
            process.resume()

    def family(self, name: str) -> list[psutil.Process]:
        """The running processes of a part, of `AWS`, or of one of the `SERVERS`."""
        if name in SERVERS:
            process = psutil.Process({"postgres": self.postgres, "redis": self.redis}[name].pid)
        else:
            child = self._aws if name == AWS else self._children[name]
            if child.result is not None:
                return []
            process = psutil.Process(child.process.pid)
        return [process, *process.children(recursive=True)]

    def ended(self) -> list[str]:
        """The parts that are not running."""
        return [name for name, child in self._children.items() if child.result is not None]

    def wait_until_ready(self) -> None:
        """Return when the web server accepts alerts, a relay runs and every worker is connected.

        Raises:
            StackError: a part is not ready in time, or has ended.
        """
        waiting: dict[str, Callable[[], bool]] = {
            name: self._alive_file(name).exists for name in WORKERS if name in self.parts
        }
        for part in set(WEB_PARTS) & set(self.parts):
            waiting[part] = partial(answers, f"{self._ports.url(part)}/healthz")
        if "relay-1" in self.parts:
            waiting["relay-1"] = partial(answers, f"{self._ports.url(DOOR)}/readyz")
        waiting["the stand-in for AWS"] = lambda: answers(f"{self.aws_url}/healthz")
        if late := wait_until_ready(waiting, seconds=READY_SECONDS, look=self._look):
            raise self._failed(f"{', '.join(late)}: not ready in time")

    @property
    def address(self) -> Address:
        """The host, port and token for a sender."""
        return self.host, self.port, self.token

    def port_of(self, part: str) -> int:
        """The URL of a web part."""
        return self._ports.of(part)

    def session(self, *, lock_seconds: float = 0.0) -> psycopg.Connection[tuple[Any, ...]]:
        """A session directly with PostgreSQL, which may write even while others may not.

        `lock_seconds` is how long it waits for a lock; 0 means without limit.
        """
        options = f"-c default_transaction_read_only=off -c lock_timeout={lock_seconds * 1000:.0f}"
        return psycopg.connect(
            self.postgres.url,
            connect_timeout=2,
            autocommit=True,
            application_name=SESSIONS,
            options=options,
        )

    def rows(self, query: str, *values: Any, lock_seconds: float = 0.0) -> list[tuple[Any, ...]]:
        """The rows of a query, straight from PostgreSQL rather than through the code under test."""
        with self.session(lock_seconds=lock_seconds) as session:
            cursor = session.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def tell_redis(self, *command: str) -> None:
        """Give Redis a command, if it answers."""
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(self.redis.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client,
        ):
            client.execute_command(*command)

    def aws(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Send a request to the stand-in for AWS (`sandbox.aws`)."""
        request = urllib.request.Request(f"{self.aws_url}{path}", body, method=method)  # noqa: S310
        with _direct.open(request, timeout=60) as answer:
            return bytes(answer.read())

    def misbehave(self, *faults: Mapping[str, Any]) -> None:
        """Give the stand-in for AWS these faults (`sandbox.aws.faults`) instead of those that it has."""
        self.aws("DELETE", "/faults")
        for fault in faults:
            self.aws("POST", "/faults", json.dumps(fault).encode())

    def _start(self, stack: contextlib.ExitStack) -> None:
        cluster = os.environ.get(CLUSTER, "")
        if cluster:
            self._copy(cluster)
        for server in (self.postgres, self.redis):
            stack.callback(server.stop)
            server.start()
        self._log = stack.enter_context(contextlib.closing(RunLog(self.log)))
        self._processes = ProcessGroup(mark=self.directory, cwd=run_settings.ROOT, log=self._log)
        stack.callback(self._processes.stop, GRACE_SECONDS)
        options = ["--port", str(self._ports.aws)]
        self._aws = self._processes.start(AWS, [sys.executable, "-m", "sandbox.aws", *options], self.env)
        if not cluster:
            self.run("migrate", [str(run_settings.ENTRYPOINT), "migrate"], self.env)
        command = [sys.executable, "manage.py", "create_token", "Hospital"]
        self.token = self.run("create_token", command, self.env)
        for name in self.parts:
            self.start(name)
        self.wait_until_ready()

    def run(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> str:
        """Run a command to its end. Returns its output. `name` is for the log.

        Raises:
            StackError: it failed.
        """
        done = subprocess.run(
            command, cwd=run_settings.ROOT, env=env, capture_output=True, text=True, check=False
        )
        for line in done.stderr.splitlines():
            self._log.line(name, line)
        if done.returncode:
            raise self._failed(f"{name} failed")
        return done.stdout.strip()

    def _copy(self, cluster: str) -> None:
        """Copy a directory with its owner, because PostgreSQL does not run as root."""
        subprocess.run(["cp", "-a", cluster, str(self.postgres.directory)], check=True)

    def _look(self) -> None:
        if gone := self.ended():
            raise self._failed(f"{gone[0]} ended")

    def _failed(self, what: str) -> StackError:
        self.keep = True
        return StackError(f"{what}. The output of the processes is in {self.log}")

    def _environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        given = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in OURS}
        return {
            **environment(RunSettings(self.directory, self._ports, given)),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "LOG_FORMAT": "json",
            "RATE_LIMIT_PER_MINUTE": "1000000",
            **variables,
        }

    def _alive_file(self, name: str) -> Path:
        return self.directory / f"{name}.alive"

    def _tidy(self) -> None:
        if self.keep:
            print(f"Data and logs are kept in {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """The processor time of the processes so far, in seconds."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # Includes children that have ended: PostgreSQL has a process for each connection.
            total += times.user + times.system + times.children_user + times.children_system
    return total
