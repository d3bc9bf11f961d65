"""Free ports, running processes and clean environments, for tests of local runs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from sandbox.processes import MARK
from sandbox.services import free_port
from tests.environment import VARIABLES

ROOT = Path(__file__).resolve().parent.parent.parent

MAKE_VARIABLES = ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS", "ARGS", "PORT", "PYTHON", "VENV")
"""Variables that `make test` may hand on."""


def outside_environment(**changes: str) -> dict[str, str]:
    """The environment that the suite was started in, with `changes`."""
    ours = {*VARIABLES, "DJANGO_SETTINGS_MODULE", *MAKE_VARIABLES}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, **changes}


def two_free_ports() -> int:
    """The first of two free loopback ports in a row."""
    return free_port(range(10000, 19000), adjacent=2)


def run_script(command: Sequence[str | Path], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run to the end, without standard input, as CI does."""
    return subprocess.run(
        command,
        env=env,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_sandbox(*options: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`python -m sandbox.run` for runs that end by themselves."""
    return run_script([sys.executable, "-m", "sandbox.run", *options], outside_environment(**env))


def working_on(data: Path) -> list[str]:
    """The command lines of all processes that a run on `data` started, even if their parent is gone."""
    found = [command_of(process) for process in psutil.process_iter() if _belongs(process, data)]
    return [command for command in found if command]


def command_of(process: psutil.Process) -> str:
    """Its command line; empty if it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def _belongs(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(data) or Path(process.cwd()).parent == data
    except (psutil.Error, OSError):
        return False
