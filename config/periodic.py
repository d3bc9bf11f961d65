"""Work that is repeated every few seconds."""

import threading
import time
from collections.abc import Callable
from typing import Generic, ParamSpec

import structlog
from django.db import connections

P = ParamSpec("P")
log = structlog.get_logger(__name__)


class Periodic(Generic[P]):
    """Runs `work` every `seconds`: inline, or in a daemon thread so that slow work never holds up the caller.

    A thread logs what the work raises, and closes the database connections that the work opened.
    """

    def __init__(self, name: str, work: Callable[P, object], *, seconds: float) -> None:
        self.name = name
        self._work = work
        self._seconds = seconds
        self._last = float("-inf")
        self._thread: threading.Thread | None = None

    @property
    def is_due(self) -> bool:
        """Whether the last run began `seconds` ago or earlier. An inline run that raised does not count."""
        return time.monotonic() - self._last >= self._seconds

    def run_if_due(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Run the work here and now, if it is due. It raises what the work raises, and stays due then."""
        if self.is_due:
            self._work(*args, **kwargs)
            self._last = time.monotonic()

    def start_if_due(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Start the work in a thread, if it is due and the last run has ended."""
        if self.is_due and not (self._thread and self._thread.is_alive()):
            self._last = time.monotonic()
            self._start(lambda: self._run(*args, **kwargs))

    def start_repeating(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Start a thread that runs the work for as long as the process lives, first after `seconds`."""

        def repeat() -> None:
            while True:
                time.sleep(self._seconds)
                self._run(*args, **kwargs)

        self._start(repeat)

    def join(self, seconds: float) -> None:
        """Wait for a run that is still going on, for `seconds` at most."""
        if self._thread:
            self._thread.join(seconds)

    def _start(self, target: Callable[[], None]) -> None:
        # A daemon: the end of the process does not wait for it.
        self._thread = threading.Thread(target=target, name=self.name, daemon=True)
        self._thread.start()

    def _run(self, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            self._work(*args, **kwargs)
        except Exception:
            log.exception("periodic.failed", work=self.name)
        finally:
            connections.close_all()
