"""A process group logs its output, and leaves no process behind when it stops."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.output import RunLog
from sandbox.processes import ProcessGroup, kill, marked
from tests.local.machine import ROOT, working_on
from tests.processes import wait_until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-uc', {DEAF!r}], start_new_session=True)"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RunLog]:
    """Where the output goes."""
    with closing(RunLog(tmp_path / "run.log")) as made:
        yield made


@pytest.fixture
def processes(tmp_path: Path, log: RunLog) -> Iterator[ProcessGroup]:
    made = ProcessGroup(mark=tmp_path, cwd=ROOT, log=log)
    yield made
    made.stop(grace_seconds=0)


def start(processes: ProcessGroup, name: str, program: str) -> None:
    processes.start(name, [sys.executable, "-c", program], os.environ)


def test_each_line_carries_its_process(processes: ProcessGroup, log: RunLog) -> None:
    start(processes, "web", "print('one'); print('tw\\u00f6')")
    wait_until(processes.ended, what="the process has ended")

    processes.stop(grace_seconds=1)

    assert log.path.read_text() == "web           | one\nweb           | twö\n"


def test_the_last_lines_of_each_process_are_kept(processes: ProcessGroup) -> None:
    child = processes.start("web", [sys.executable, "-c", "for n in range(100): print(n)"], os.environ)
    wait_until(processes.ended, what="the process has ended")

    processes.stop(grace_seconds=1)

    assert list(child.last_lines) == [str(n) for n in range(88, 100)]


@pytest.mark.parametrize("program", [DEAF, PARENT], ids=["deaf", "deaf child in a session of its own"])
def test_a_process_that_ignores_sigterm_is_killed(
    processes: ProcessGroup, log: RunLog, tmp_path: Path, program: str
) -> None:
    start(processes, "deaf", program)
    wait_until(lambda: "deaf" in log.path.read_text().partition("|")[2], what="the deaf process is up")
    started = time.monotonic()

    processes.stop(grace_seconds=0.3)

    assert time.monotonic() - started < 3
    assert working_on(tmp_path) == []


def test_leftovers_of_a_killed_run_are_found(tmp_path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from sandbox.processes import *\n"
        "data = Path(sys.argv[1]); group = ProcessGroup(mark=data, cwd=Path('.'), log=RunLog(data / 'run.log'))\n"
        "group.start('left', [sys.executable, '-c', 'import time; time.sleep(60)'], os.environ)\n"
        "print('up', flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        run.kill()
    assert len(marked(tmp_path)) == 1

    kill(marked(tmp_path))

    assert marked(tmp_path) == []
