"""All of Bleep on loopback ports, in a directory of its own: what every measurement here runs against.

PostgreSQL, Redis and the stand-in for AWS are the sandbox's; Bleep's parts are started by the entry point of the
container image. Whatever the environment names instead of them is left alone: a measurement never meets real services.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sandbox.processes import Child, Crew, Terminal, kill
from sandbox.run import ENTRYPOINT, HOST, ROOT, Plan, Ports, environment
from sandbox.services import EmbeddedPostgres, EmbeddedRedis, exclusive

PARTS: dict[str, str] = {
    "web": "web",
    "relay-1": "relay",
    "relay-2": "relay",
    "worker-urgent": "worker-urgent",
    "worker": "worker",
}
"""The processes of a whole Bleep, each with its word for the entry point: two relays, as in production."""
WORKERS = ("worker-urgent", "worker")
READY_SECONDS = 90.0
GRACE_SECONDS = 5.0
POLL_SECONDS = 0.1
OURS = ("DATABASE_URL", "REDIS_URL", "AWS_ENDPOINT_URL")
PORT_RANGE = range(32000, 32760)
"""Below the range for outgoing connections, which could otherwise take a port while its server is being restarted, and
above the embedded Redis's."""

Address = tuple[str, int, str]
"""Host, port and token."""

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StackError(Exception):
    """Bleep cannot be measured; the text says why, and where the log is."""


class Stack:
    """A running Bleep. `with Stack() as stack:` starts it and stops every process of it, by its id."""

    def __init__(self, parts: Sequence[str] = tuple(PARTS), **variables: str) -> None:
        """`variables` are set in the environment of every process."""
        self.parts = tuple(parts)
        self.directory = Path(tempfile.mkdtemp(prefix="bleep-bench-"))
        self.keep = False
        """Leave the directory, with data and logs, where it is: something in it is to be looked at."""
        ports = _free_ports()
        given = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in OURS}
        self.host, self.port = HOST, ports.web
        self.aws_url = f"http://{HOST}:{ports.aws}"
        self.postgres = EmbeddedPostgres(self.directory)
        self.redis = EmbeddedRedis(self.directory)
        self.log = self.directory / "output.log"
        self.token = ""
        """With which a hospital system may send."""
        self.env = {
            **environment(Plan(self.directory, ports, given)),
            "DATABASE_URL": self.postgres.url,
            "REDIS_URL": self.redis.url,
            "LOG_FORMAT": "json",
            "RATE_LIMIT_PER_MINUTE": "1000000",
            **variables,
        }
        self._ports = ports
        self._children: dict[str, Child] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        # A measurement that is told to end still stops what it started.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        print("Starting PostgreSQL, Redis, the stand-in for AWS and Bleep ...", flush=True)
        with contextlib.ExitStack() as stack:
            stack.callback(self._tidy)
            stack.enter_context(exclusive(self.directory))
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.keep = self.keep or (kind is not None and issubclass(kind, Exception))
        self._stack.close()

    def start(self, name: str) -> None:
        """Start one of Bleep's parts; does nothing if it runs."""
        child = self._children.get(name)
        if child is not None:
            if child.result is None:
                return
            self._crew.forget(child)
        alive = self._alive_file(name)
        alive.unlink(missing_ok=True)
        self._children[name] = self._crew.start(
            name, [str(ENTRYPOINT), PARTS[name]], {**self.env, "ALIVE_FILE": str(alive)}
        )

    def kill(self, name: str) -> None:
        """End one of Bleep's parts with SIGKILL, and what it started."""
        kill(self.family(name))
        self._children[name].process.wait()

    def freeze(self, name: str) -> None:
        """Stop a part in its tracks with SIGSTOP, as a paused virtual machine would be."""
        for process in self.family(name):
            process.suspend()

    def thaw(self, name: str) -> None:
        """Let a frozen part go on."""
        for process in self.family(name):
            process.resume()

    def family(self, name: str) -> list[psutil.Process]:
        """The processes of a part that are running."""
        child = self._children[name]
        if child.result is not None:
            return []
        process = psutil.Process(child.process.pid)
        return [process, *process.children(recursive=True)]

    def ended(self) -> list[str]:
        """The parts that do not run at this moment."""
        return [name for name, child in self._children.items() if child.result is not None]

    def wait_until_ready(self) -> None:
        """Return when the web server takes alerts, a relay is at work and every worker is connected.

        Raises:
            StackError: a part is not ready in time, or has ended.
        """
        waiting: dict[str, Callable[[], bool]] = {
            name: self._alive_file(name).exists for name in WORKERS if name in self.parts
        }
        path = "/readyz" if "relay-1" in self.parts else "/healthz"
        waiting["web"] = lambda: self.answers(path)
        deadline = time.monotonic() + READY_SECONDS
        while waiting:
            waiting = {name: ready for name, ready in waiting.items() if not ready()}
            if (gone := self.ended()) or time.monotonic() > deadline:
                self.keep = True
                what = f"{gone[0]} ended" if gone else f"{', '.join(waiting)}: not ready in time"
                raise StackError(f"{what}. What the processes said is in {self.log}")
            time.sleep(POLL_SECONDS)

    @property
    def address(self) -> Address:
        """What a sender needs to know."""
        return self.host, self.port, self.token

    def answers(self, path: str) -> bool:
        """Whether the web server answers a GET with 200."""
        return _answers(f"http://{self.host}:{self.port}{path}")

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What a query of the ledger gives; the bench asks PostgreSQL itself, and not through the code under test."""
        with psycopg.connect(self.postgres.url, connect_timeout=2, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def flush_redis(self) -> None:
        """Have Redis forget everything, as one that was replaced would."""
        with (
            contextlib.suppress(redis.RedisError),
            redis.Redis.from_url(self.redis.url, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client,
        ):
            client.flushall()

    def aws(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Ask or steer the stand-in for AWS (`sandbox.aws`)."""
        request = urllib.request.Request(f"{self.aws_url}{path}", body, method=method)  # noqa: S310
        with _direct.open(request, timeout=60) as answer:
            return bytes(answer.read())

    def _start(self, stack: contextlib.ExitStack) -> None:
        for server in (self.postgres, self.redis):
            stack.callback(server.stop)
            server.start()
        log = stack.enter_context(self.log.open("wb"))
        self._crew = Crew(mark=self.directory, cwd=ROOT, terminal=Terminal(log.fileno()))
        stack.callback(self._crew.stop, GRACE_SECONDS)
        options = ["--port", str(self._ports.aws)]
        self._crew.start("aws", [sys.executable, "-m", "sandbox.aws", *options], self.env)
        self._prepare(log)
        for name in self.parts:
            self.start(name)
        self.wait_until_ready()
        self._wait_for_aws()

    def _prepare(self, log: IO[bytes]) -> None:
        """The tables, and an API client."""
        for command in (
            [str(ENTRYPOINT), "migrate"],
            [sys.executable, "manage.py", "create_token", "Hospital"],
        ):
            done = subprocess.run(
                command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=log, check=False
            )
            if done.returncode:
                self.keep = True
                raise StackError(f"{command[1]} failed. What it said is in {self.log}")
            self.token = done.stdout.decode().strip()

    def _wait_for_aws(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not _answers(f"{self.aws_url}/healthz"):
            if time.monotonic() > deadline:
                raise StackError(f"The stand-in for AWS does not answer: {self.log}")
            time.sleep(POLL_SECONDS)

    def _alive_file(self, name: str) -> Path:
        return self.directory / f"{name}.alive"

    def _tidy(self) -> None:
        if self.keep:
            print(f"Data and logs are kept in {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """What the processes have used of the processors so far."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            # Children that have ended count as well: PostgreSQL has a process for each connection.
            total += times.user + times.system + times.children_user + times.children_system
    return total


def _free_ports() -> Ports:
    for port in random.sample(PORT_RANGE, k=100):
        if all(_is_free(each) for each in (port, port + 1)):
            return Ports(port)
    raise StackError(f"No two free ports next to each other on {HOST}.")


def _is_free(port: int) -> bool:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.bind((HOST, port))
        return True
    return False


def _answers(url: str) -> bool:
    try:
        with _direct.open(url, timeout=3) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004
    except (OSError, urllib.error.URLError):
        return False
