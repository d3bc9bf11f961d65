"""Runs Bleep as on a server: in its own process, with a complete environment that is not the tests'."""

import contextlib
import json
import multiprocessing
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.config import forked
from tests.config.forked import ENVIRONMENT

SECONDS = 60

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.config.preloaded"])


def run(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python in `ENVIRONMENT` with `changes`; None removes a variable.

    In a fork of a process that has Bleep in memory: that costs a tenth of the processor's time.
    """
    given = forked.BEGINNING | ENVIRONMENT | changes
    environment = {name: value for name, value in given.items() if value is not None}
    with tempfile.TemporaryDirectory() as directory:
        out, err = Path(directory, "out"), Path(directory, "err")
        process = _forks.Process(target=forked.run, args=(arguments, environment, out, err))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(arguments, SECONDS)
        return subprocess.CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def check(*arguments: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run `manage.py check`."""
    return run("manage.py", "check", *arguments, **changes)


ASK = """
import json, sys, time
import django
django.setup()
from django.test import Client
started = time.monotonic()
answer = Client(raise_request_exception=False).get(sys.argv[1], headers=json.loads(sys.argv[2]))
seconds = time.monotonic() - started
print(json.dumps([answer.status_code, dict(answer.headers), answer.content.decode(), seconds]))
"""


def ask(path: str, headers: dict[str, str], **changes: str | None) -> tuple[int, dict[str, str], Any, float]:
    """GET a path. Returns status, headers, body and seconds."""
    done = run("-c", ASK, path, json.dumps(headers), **changes)
    assert done.returncode == 0, done.stderr
    status, answered, body, seconds = json.loads(done.stdout)
    return status, answered, body, seconds


class Silent:
    """A server that hangs: it accepts connections and never answers."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.port: int = listener.getsockname()[1]

    def connections(self) -> int:
        """How many connections were made since the last call."""
        self._listener.settimeout(0)
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count


@contextlib.contextmanager
def silent_server() -> Iterator[Silent]:
    """A server that hangs, on a loopback port, until the block ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield Silent(listener)
