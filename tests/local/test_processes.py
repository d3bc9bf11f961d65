"""A process group shows its output, and leaves no process behind when it stops."""

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.processes import ProcessGroup, Terminal, kill
from tests.local.machine import ROOT, working_on
from tests.processes import wait_until

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-uc', {DEAF!r}], start_new_session=True)"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the terminal's lines go."""
    return tmp_path / "out"


@pytest.fixture
def processes(tmp_path: Path, out: Path) -> Iterator[ProcessGroup]:
    with out.open("wb") as file:
        made = ProcessGroup(mark=tmp_path, cwd=ROOT, terminal=Terminal(file.fileno()))
        yield made
        made.stop(grace_seconds=0)


def start(processes: ProcessGroup, name: str, program: str) -> None:
    processes.start(name, [sys.executable, "-c", program], os.environ)


def test_each_line_carries_its_process(processes: ProcessGroup, out: Path) -> None:
    start(processes, "web", "print('one'); print('tw\\u00f6')")
    wait_until(processes.ended, what="the process has ended")

    processes.stop(grace_seconds=1)

    assert out.read_text() == "web           | one\nweb           | twö\n"


@pytest.mark.parametrize("program", [DEAF, PARENT], ids=["deaf", "deaf child in a session of its own"])
def test_a_process_that_ignores_sigterm_is_killed(
    processes: ProcessGroup, out: Path, tmp_path: Path, program: str
) -> None:
    start(processes, "deaf", program)
    wait_until(lambda: "deaf" in out.read_text().partition("|")[2], what="the deaf process is up")
    started = time.monotonic()

    processes.stop(grace_seconds=0.3)

    assert time.monotonic() - started < 3
    assert working_on(tmp_path) == []


def test_leftovers_of_a_killed_run_are_found(processes: ProcessGroup, tmp_path: Path) -> None:
    program = (
        "import os, sys, signal; from pathlib import Path; from sandbox.processes import *\n"
        "group = ProcessGroup(mark=Path(sys.argv[1]), cwd=Path('.'), terminal=Terminal())\n"
        "group.start('left', [sys.executable, '-c', 'import time; time.sleep(60)'], os.environ)\n"
        "print('up', flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"up\n"
        run.kill()
    assert len(processes.found()) == 1

    kill(processes.found())

    assert processes.found() == []


def test_a_reader_that_has_gone_is_noticed_and_breaks_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    terminal = Terminal(writing)

    terminal.say("anybody there?")

    assert terminal.gone.is_set()
    os.close(writing)


def test_a_reader_that_does_not_read_keeps_nothing_from_ending(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    terminal = Terminal(writing)
    processes = ProcessGroup(mark=tmp_path, cwd=ROOT, terminal=terminal)
    start(processes, "flood", "while True: print('x' * 1000)")
    wait_until(lambda: not select.select([], [writing], [], 0)[1], what="the pipe is full")
    started = time.monotonic()

    processes.stop(grace_seconds=0.5)
    terminal.say("Everything is stopped.")

    assert time.monotonic() - started < 5
    assert working_on(tmp_path) == []
    os.close(reading)
    wait_until(terminal.gone.is_set, what="the writer has noticed")
    os.close(writing)
