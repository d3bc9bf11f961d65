"""A started `make run`, and what it has said so far."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.local.machine import ROOT, command_of, outside_environment, two_free_ports, working_on
from tests.processes import wait_until

STOP_SECONDS = 10


@dataclass
class Runner:
    """A run of the sandbox, and what it has said so far."""

    process: subprocess.Popen[bytes]
    port: int
    data: Path
    log: Path

    def said(self) -> str:
        return self.log.read_text()

    def wait_until_it_says(self, text: str) -> None:
        def condition() -> bool:
            assert self.process.poll() is None or text in self.said(), self.said()
            return text in self.said()

        wait_until(condition, what=f"the run says {text!r}", seconds=120)

    def pid_of(self, part: str) -> int:
        (pid,) = (
            process.pid
            for process in psutil.Process(self.process.pid).children()
            if part in command_of(process)
        )
        return pid

    def ends(self) -> int:
        """Wait for its end, within the time that it has; its exit status."""
        status = self.process.wait(STOP_SECONDS)
        assert working_on(self.data) == []
        return status


def start(data: Path, **env: str) -> Runner:
    port = two_free_ports()
    log = data.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.run", "--data", data],
            cwd=ROOT,
            env=outside_environment(PORT=str(port), **env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    return Runner(process, port, data, log)


def end(runner: Runner) -> None:
    """Whatever a failed test left."""
    if runner.process.poll() is None:
        runner.process.terminate()
        runner.process.wait(STOP_SECONDS)
