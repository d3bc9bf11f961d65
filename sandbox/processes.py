"""Runs several processes: starts them, logs their output, reports which have ended, and stops all of them.

honcho was tried for this. But its kill timeout starts only when a process has ended, so two processes that ignored
SIGTERM held it up; and its processes outlived it when it was killed.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from sandbox.output import RunLog

MARK = "BLEEP_RUN"
"""The environment variable that marks every process of a run, so that each can be found again."""

POLL_SECONDS = 0.02
KILL_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
LAST_LINES = 12
"""How many lines of a process are kept, to show when it ends by itself."""


@dataclass(frozen=True)
class Child:
    """A process of a run, with the name in front of its output, and its `last_lines`."""

    name: str
    process: subprocess.Popen[bytes]
    reader: threading.Thread
    last_lines: deque[str]

    @property
    def result(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self.process.poll()


class ProcessGroup:
    """The processes of one run. They work in `cwd`. `mark`, the directory of the run's data, marks them."""

    def __init__(self, *, mark: Path, cwd: Path, log: RunLog) -> None:
        self._mark = mark
        self._cwd = cwd
        self._log = log
        self._children: list[Child] = []

    def start(self, name: str, command: Sequence[str], env: Mapping[str, str]) -> Child:
        """Start `command` in its own session, so that Ctrl-C reaches the parent only."""
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=self._cwd,
            env={**env, MARK: str(self._mark.resolve()), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        last_lines: deque[str] = deque(maxlen=LAST_LINES)
        reader = threading.Thread(target=self._read, args=(name, process, last_lines), daemon=True)
        child = Child(name, process, reader, last_lines)
        self._children.append(child)
        reader.start()
        return child

    def forget(self, child: Child) -> None:
        """Log the rest of the output of a process that has ended as planned, and forget it."""
        child.reader.join(timeout=PATIENCE_SECONDS)
        self._children.remove(child)

    def ended(self) -> list[Child]:
        """The processes that have ended, in the order of their start."""
        return [child for child in self._children if child.result is not None]

    def stop(self, grace_seconds: float) -> None:
        """Terminate every process. After `grace_seconds`, kill those that are left, with their children."""
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                # SIGCONT: a stopped process would not read the request.
                child.process.send_signal(signal.SIGCONT)
                child.process.terminate()
        deadline = time.monotonic() + grace_seconds
        while len(self.ended()) < len(self._children) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        kill(marked(self._mark))
        for child in self._children:
            child.process.wait()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for child in self._children:
            child.reader.join(timeout=max(0.0, deadline - time.monotonic()))

    def _read(self, name: str, process: subprocess.Popen[bytes], last_lines: deque[str]) -> None:
        stream = process.stdout
        if stream is None:
            return
        with stream:
            for line in stream:
                text = line.decode(errors="replace").rstrip()
                last_lines.append(text)
                self._log.line(name, text)


def marked(mark: Path) -> list[psutil.Process]:
    """Every process with the mark of a run: of this one, and of an earlier one that was killed."""
    return [process for process in psutil.process_iter() if _mark_of(process) == str(mark.resolve())]


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
