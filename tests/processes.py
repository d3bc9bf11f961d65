"""Bleep's own processes, for tests that go from POST to handset: started once, stopped by their ids."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import psutil
import requests

from sandbox.processes import kill

ROOT = Path(__file__).resolve().parent.parent
ENTRY_POINT = str(ROOT / "deploy" / "entrypoint")
START_SECONDS = 40.0
STOP_SECONDS = 15.0
PAUSE = 0.05


def wait_until(condition: Callable[[], object], *, what: str, seconds: float = 20.0) -> None:
    """Return as soon as `condition` holds; fail with `what` was awaited after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {seconds:.0f} s still not true: {what}.")
        time.sleep(PAUSE)


def answers(url: str) -> bool:
    """Whether a GET is answered with a 2xx."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@contextmanager
def running(
    name: str, command: list[str], env: Mapping[str, str], log_dir: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block runs; its output goes to `<name>.log`."""
    # The scripts of this virtual environment come first, as `make` puts them.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (log_dir / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env, "PATH": path}, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            stop(process)


def at_once(stack: ExitStack, starting: list[AbstractContextManager[subprocess.Popen[bytes]]]) -> None:
    """Start processes together, and let them end together with the stack."""
    processes = [stack.enter_context(each) for each in starting]
    for process in processes:
        stack.callback(process.terminate)


def stop(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL for what does not heed it, and for what it started: a server's workers would live on."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        parent = psutil.Process(process.pid)
        kill([parent, *parent.children(recursive=True)])
        process.wait()
