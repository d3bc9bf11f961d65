"""Runs several processes: starts them, shows their output, reports which have ended, and stops all of them.

honcho was tried for this. Its kill time-out starts only when a process has ended, so two processes that ignore SIGTERM
held it up; and its processes outlive it when it is killed.
"""

import contextlib
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import psutil

MARK = "BLEEP_RUN"
"""The environment variable that marks every process of a run, so that each can be found again."""

POLL_SECONDS = 0.02
KILL_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
COLOURS = (36, 33, 32, 35, 34, 31)


class Terminal:
    """Standard output, shared by threads: whole lines, each with the name of its process.

    The output of a process waits for a slow reader, as in any pipe. The run's own lines wait for a second at most: a
    full pipe must not keep the run from ending.
    """

    def __init__(self, descriptor: int = 1, encoding: str = "utf-8") -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._lock = threading.Lock()
        self._coloured = os.isatty(descriptor) and "NO_COLOR" not in os.environ
        self.gone = threading.Event()
        """Set when nothing reads any more: the terminal was closed, or the pipe's reader has ended."""

    def say(self, text: str) -> None:
        """Write `text` and a newline, or drop it if nothing reads."""
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            return
        try:
            if select.select([], [self._descriptor], [], PATIENCE_SECONDS)[1]:
                self._write(text)
        finally:
            self._lock.release()

    def line(self, name: str, colour: int, text: str) -> None:
        """Write one line of a process's output."""
        prefix = f"{name:<14}|"
        with self._lock:
            self._write(f"\033[{colour}m{prefix}\033[0m {text}" if self._coloured else f"{prefix} {text}")

    def _write(self, text: str) -> None:
        data = f"{text}\n".encode(self._encoding, errors="replace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self.gone.set()


@dataclass(frozen=True)
class Child:
    """A process of a run, and the name in front of its output."""

    name: str
    process: subprocess.Popen[bytes]
    reader: threading.Thread

    @property
    def result(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self.process.poll()


class ProcessGroup:
    """The processes of one run. They work in `cwd`, and `mark`, the directory of the run's data, marks them."""

    def __init__(self, *, mark: Path, cwd: Path, terminal: Terminal) -> None:
        self._mark = str(mark.resolve())
        self._cwd = cwd
        self._terminal = terminal
        self._colours = cycle(COLOURS)
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start `command` in its own session, so that Ctrl-C reaches the parent only."""
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=self._cwd,
            env={**env, MARK: self._mark, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        reader = threading.Thread(target=self._show, args=(name, next(self._colours), process), daemon=True)
        child = Child(name, process, reader)
        self._children.append(child)
        reader.start()
        return child

    def forget(self, child: Child) -> None:
        """Show the rest of the output of a process that has ended as planned, and drop it."""
        child.reader.join(timeout=PATIENCE_SECONDS)
        self._children.remove(child)

    def ended(self) -> list[Child]:
        """The processes that have ended, in the order of their start."""
        return [child for child in self._children if child.result is not None]

    def stop(self, grace_seconds: float) -> None:
        """Terminate every process; after `grace_seconds`, kill all that are left, with their children."""
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                # SIGCONT: a stopped process would not read the request.
                child.process.send_signal(signal.SIGCONT)
                child.process.terminate()
        deadline = time.monotonic() + grace_seconds
        while len(self.ended()) < len(self._children) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        kill(self.found())
        for child in self._children:
            child.process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for child in self._children:
            child.reader.join(timeout=max(0.0, deadline - time.monotonic()))

    def found(self) -> list[psutil.Process]:
        """Every process with this run's mark: its own, and those of an earlier run that was killed."""
        return [process for process in psutil.process_iter() if _mark_of(process) == self._mark]

    def _show(self, name: str, colour: int, process: subprocess.Popen[bytes]) -> None:
        stream = process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                self._terminal.line(name, colour, line.decode(errors="replace").rstrip())


def kill(processes: Sequence[psutil.Process]) -> None:
    """Kill `processes` with SIGKILL, and return when they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    deadline = time.monotonic() + KILL_SECONDS
    while any(_alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _alive(process: psutil.Process) -> bool:
    try:
        # A zombie holds no file and no port, so there is no need to wait for it.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK) if process.pid != os.getpid() else None
    except (psutil.Error, OSError):
        return None
