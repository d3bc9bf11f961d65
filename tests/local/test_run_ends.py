"""However `make run` is ended, it takes everything with it."""

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.machine import ROOT, outside_environment, run_sandbox, two_free_ports, working_on
from tests.local.run import STOP_SECONDS, start
from tests.processes import wait_until


@pytest.mark.proof
def test_sigterm_while_starting_leaves_nothing(tmp_path: Path) -> None:
    runner = start(tmp_path / "data")
    runner.wait_until_it_says("Starting the stand-in")
    assert working_on(runner.data)

    runner.process.terminate()

    assert runner.ends() == 0


def test_a_run_that_is_killed_takes_everything_with_it(tmp_path: Path) -> None:
    runner = start(tmp_path / "data")
    runner.wait_until_it_says("Starting the stand-in")
    assert working_on(runner.data)

    runner.process.kill()
    runner.process.wait()

    wait_until(lambda: working_on(runner.data) == [], what="nothing is left", seconds=STOP_SECONDS)


@pytest.mark.parametrize("between", ["", "sh -c"], ids=["make", "who started make"])
def test_a_run_whose_parent_is_killed_ends(tmp_path: Path, between: str) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    command = f"'{sys.executable}' -m sandbox.run --data '{data}' >'{log}' 2>&1; true"
    if between:
        command = f"{between} {shlex.quote(command)}; true"
    env = outside_environment(PORT=str(two_free_ports()))
    with subprocess.Popen(
        ["sh", "-c", command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        # Tests that run under `nohup` would pass it on, and a run under `nohup` outlives who started it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    ) as parent:
        wait_until(lambda: log.exists() and "Starting the stand-in" in log.read_text(), what="it has begun")
        parent.kill()

    wait_until(lambda: "Everything is stopped." in log.read_text(), what="it ends", seconds=STOP_SECONDS)
    assert working_on(data) == []


@pytest.mark.proof
def test_reset_clears_the_leftovers_of_a_killed_run(tmp_path: Path) -> None:
    runner = start(tmp_path / "data")
    runner.wait_until_it_says("Starting the stand-in")
    os.kill(runner.pid_of("sandbox.guardian"), signal.SIGKILL)
    runner.process.kill()
    runner.process.wait()
    assert working_on(runner.data)

    result = run_sandbox("--data", str(runner.data), "--reset")

    assert result.returncode == 0, result.stderr
    assert working_on(runner.data) == []
    assert [path.name for path in runner.data.iterdir()] == ["lock"]
