"""The base of both servers: one process on one directory."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil

from sandbox.processes import kill

START_SECONDS = 30.0
STOP_SECONDS = 2.0
POLL_SECONDS = 0.02
LOG_LINES_SHOWN = 5


class ServiceError(Exception):
    """An embedded service could not be started. The text says which, why, and where its log is."""


class EmbeddedServer:
    """One server process on one directory. Subclasses prepare, launch and probe it."""

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
        """Where clients connect. A restart keeps it."""
        raise NotImplementedError

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None. Tests freeze it with SIGSTOP."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Start, and return when it accepts connections. Does nothing if it runs.

        Raises ServiceError if it does not start.
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
        """Stop cleanly; kill it after two seconds. Does nothing if it is stopped."""
        if self._process is None:
            return
        if self._process.poll() is None:
            # A frozen server (SIGSTOP) would not handle the signal.
            self._process.send_signal(signal.SIGCONT)
            self._process.send_signal(self.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self.kill()
        self._tidy()

    def kill(self) -> None:
        """Kill it with SIGKILL, like a crash, and any process that a killed parent left on its directory."""
        family = [] if self._process is None else _family(self._process.pid)
        kill([*family, *_processes_in(self.program, self.directory)])
        if self._process is not None:
            self._process.wait()
            self._process = None

    def _prepare(self, log: IO[bytes]) -> None:
        """Prepare the first launch."""

    def _tidy(self) -> None:
        """Remove files outside the data directory after a clean stop."""

    def _launch(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        raise NotImplementedError

    def _ask(self) -> bool:
        """Whether it accepts a connection now."""
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


def detached(
    command: Sequence[str], log: IO[bytes], stdin: IO[bytes] | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a server in its own session, so that Ctrl-C reaches the parent only."""
    return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


def _family(pid: int) -> list[psutil.Process]:
    """The process and its descendants, if it exists."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _processes_in(program: str, directory: Path) -> list[psutil.Process]:
    """Every process of `program` that works in `directory`: both servers work in their data directory."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.name() == program and process.cwd() == str(directory):
                found.append(process)
    return found
