"""What both servers have in common: one process on one directory, started, asked, stopped and killed."""

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
    """An embedded service could not be started; the text says which, why, and where its log is."""


class EmbeddedServer:
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


def detached(
    command: Sequence[str], log: IO[bytes], stdin: IO[bytes] | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own: Ctrl-C at the terminal is for the parent to handle."""
    return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log, start_new_session=True)  # noqa: S603


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
