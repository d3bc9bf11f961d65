"""The output of a run: its own few lines go to the terminal, and those of its processes to a file."""

import contextlib
import os
import select
import threading
from pathlib import Path

PATIENCE_SECONDS = 1.0


class Terminal:
    """Standard output. A line waits for its reader for a second at most: a full pipe must not keep the run from
    ending.
    """

    def __init__(self, descriptor: int = 1, encoding: str = "utf-8") -> None:
        self._descriptor = descriptor
        self._encoding = encoding
        self._lost = False

    def say(self, text: str) -> None:
        """Write `text` and a newline, or drop it if nothing reads."""
        if not select.select([], [self._descriptor], [], PATIENCE_SECONDS)[1]:
            return
        data = f"{text}\n".encode(self._encoding, errors="replace")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            self._lost = True

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more: the terminal was closed, or the pipe's reader has ended."""
        return self._lost or self._has_no_reader()

    def _has_no_reader(self) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, 0)
        # Not POLLNVAL, which some systems report for every terminal.
        return any(event & (select.POLLERR | select.POLLHUP) for _descriptor, event in poll.poll(0))


class RunLog:
    """The file with the output of a run's processes: whole lines, each after the name of its process.

    The log of the run before is kept beside it, as `<name>.previous`. Threads share it. Lines that do not fit on the
    disk are dropped: that must not stop the process that wrote them.
    """

    def __init__(self, path: Path) -> None:
        if path.exists():
            path.replace(path.with_name(f"{path.name}.previous"))
        self.path = path
        self._file = path.open("wb", buffering=0)
        self._lock = threading.Lock()

    def line(self, name: str, text: str) -> None:
        """Write one line of a process's output."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._file.write(f"{name:<14}| {text}\n".encode())

    def close(self) -> None:
        """Close the file. Later lines are dropped."""
        with self._lock:
            self._file.close()
