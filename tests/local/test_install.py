"""scripts/install says in one line what is missing, and installs once."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.machine import ROOT, outside_environment, run_script, two_free_ports

INSTALL = ROOT / "scripts" / "install"
TOOLS = ("cat", "cmp", "cp", "cut", "dirname", "grep", "head", "rm", "sh")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A directory for PATH with what the script calls, and without any Python."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (directory / name).symlink_to(found)
    return directory


def add_python(tools: Path, script: str) -> None:
    """A `python3` that is a shell script."""
    python = tools / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)


def install(tools: Path, venv: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return run_script([INSTALL], outside_environment(PATH=str(tools), VENV=str(venv), **env))


def the_one_line(result: subprocess.CompletedProcess[str]) -> str:
    """The line that a failed installation ends with, which is all that it says on standard error."""
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("install: ")
    return line


def test_no_python(tools: Path, tmp_path: Path) -> None:
    line = the_one_line(install(tools, tmp_path / "venv"))

    assert "no Python was found: install Python 3.11 or newer" in line
    assert not (tmp_path / "venv").exists()


def test_python_too_old(tools: Path, tmp_path: Path) -> None:
    add_python(tools, 'case "$*" in *version_info*) exit 1;; *-V*) echo "Python 3.9.2";; esac')

    line = the_one_line(install(tools, tmp_path / "venv"))

    assert "Python 3.11 or newer is needed, and found was: python3 (Python 3.9.2)" in line
    assert not (tmp_path / "venv").exists()


def test_python_without_the_means_to_make_environments(tools: Path, tmp_path: Path) -> None:
    add_python(tools, f'case "$*" in *ensurepip*) exit 1;; esac; exec "{sys.executable}" "$@"')
    version = f"{sys.version_info.major}.{sys.version_info.minor}"

    line = the_one_line(install(tools, tmp_path / "venv"))

    assert "python3 cannot make virtual environments" in line
    assert f"apt install python{version}-venv" in line
    assert not (tmp_path / "venv").exists()


def test_a_named_python_that_does_not_start(tools: Path, tmp_path: Path) -> None:
    line = the_one_line(install(tools, tmp_path / "venv", PYTHON="/nowhere/python 3"))

    assert "PYTHON is '/nowhere/python 3', which does not start" in line


def test_no_network_and_then_a_stamp(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    pip_settings = {name: "" for name in os.environ if name.startswith("PIP_")}
    nowhere = f"http://127.0.0.1:{two_free_ports()}/simple"
    env = {**pip_settings, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": nowhere}

    failed = run_script([INSTALL], outside_environment(VENV=str(venv), PYTHON=sys.executable, **env))

    assert "the packages could not be fetched: check the network" in the_one_line(failed)
    assert "installing the packages" in failed.stdout
    assert not (venv / "installed.lock").exists()

    shutil.copy(ROOT / "requirements-dev.txt", venv / "installed.lock")
    again = run_script([INSTALL], outside_environment(VENV=str(venv), **env))
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")

    (venv / "installed.lock").write_text("another lock\n")
    changed = run_script([INSTALL], outside_environment(VENV=str(venv), **env))
    assert "the packages could not be fetched" in the_one_line(changed)
    assert "making" not in changed.stdout, "the environment itself is kept"


def test_an_environment_whose_python_is_gone_is_made_anew(tools: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/nowhere/python3")
    shutil.copy(ROOT / "requirements-dev.txt", venv / "installed.lock")

    assert "no Python was found" in the_one_line(install(tools, venv))


@pytest.mark.parametrize("failing", ["check", "test", "proofs"])
def test_ci_runs_the_checks_the_tests_and_the_proofs_and_fails_with_any(tmp_path: Path, failing: str) -> None:
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$@"\ncase "$*" in *{failing}*) exit 2;; esac\n')
    make.chmod(0o755)

    result = run_script([ROOT / ".ci" / "run"], outside_environment(PATH=f"{tmp_path}:{os.environ['PATH']}"))

    assert result.stdout.splitlines() == ["--keep-going check", "test", "proofs"]
    assert result.returncode == 1


def test_make_alone_lists_what_can_be_made() -> None:
    result = run_script(["make"], outside_environment())

    for target in ("run", "test", "proofs", "check", "reset", "secrets"):
        assert f"  make {target} " in result.stdout
