"""scripts/install picks a Python, installs the lock once, and says in one line what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.machine import ROOT, outside_environment, run_script, two_free_ports

LOCK = ROOT / "requirements-dev.txt"
TOOLS = ("cat", "chmod", "cmp", "cp", "dirname", "mkdir", "rm", "sed", "sh")
FAKE_PYTHON = """#!/bin/sh
# Makes environments with itself as their Python, and "installs" a uv that notes when it is called.
case "$*" in
    *" venv "*) for venv; do :; done; rm -rf "$venv"; mkdir -p "$venv/bin"; cp "$0" "$venv/bin/python" ;;
    *"pip install"*) cp "$FAKE_UV" "$(dirname "$0")/uv" ;;
esac
"""
FAKE_UV = """#!/bin/sh
echo "$@" >>"$UV_LOG"
exit "${UV_ENDS_WITH:-0}"
"""


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


class Project:
    """A copy of the script and its lock in a directory with spaces, with a Python and a uv that only pretend."""

    def __init__(self, root: Path, tools: Path) -> None:
        (root / "scripts").mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "install", root / "scripts")
        self.lock = root / "requirements-dev.txt"
        shutil.copy(LOCK, self.lock)
        self.venv = root / ".venv"
        self.log = root / "uv.log"
        self._script = root / "scripts" / "install"
        self._tools = tools
        self._uv = root / "uv"
        executable(self._uv, FAKE_UV)
        executable(tools / "python3", FAKE_PYTHON)

    def install(self, **env: str) -> subprocess.CompletedProcess[str]:
        settings = {"PATH": str(self._tools), "UV_LOG": str(self.log), "FAKE_UV": str(self._uv), **env}
        return run_script([self._script], outside_environment(**settings))

    def syncs(self) -> int:
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0


@pytest.fixture
def project(tmp_path: Path, tools: Path) -> Project:
    """A project whose path has spaces."""
    return Project(tmp_path / "a directory with spaces", tools)


def executable(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def install(tools: Path, venv: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return run_script(
        [ROOT / "scripts" / "install"], outside_environment(PATH=str(tools), VENV=str(venv), **env)
    )


def last_line(result: subprocess.CompletedProcess[str]) -> str:
    """What a failed installation ends with."""
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert line.startswith("install: ")
    return line


def test_no_python(tools: Path, tmp_path: Path) -> None:
    line = last_line(install(tools, tmp_path / "venv"))

    assert "no usable Python: install Python 3.11 or newer with venv" in line
    assert "apt install python3 python3-venv" in line
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("lacks", ["sys.version_info", "ensurepip"])
def test_a_python_that_is_too_old_or_cannot_make_environments(
    lacks: str, tools: Path, tmp_path: Path
) -> None:
    executable(tools / "python3", f'#!/bin/sh\ncase "$*" in *{lacks}*) exit 1;; esac\n')

    assert "no usable Python: install Python 3.11 or newer with venv" in last_line(
        install(tools, tmp_path / "venv")
    )
    assert not (tmp_path / "venv").exists()


def test_the_version_that_is_asked_for_is_the_projects() -> None:
    script = (ROOT / "scripts" / "install").read_text()

    assert "sys.version_info < (3, 11)" in script
    assert 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()


def test_a_named_python_that_does_not_start(tools: Path, tmp_path: Path) -> None:
    line = last_line(install(tools, tmp_path / "venv", PYTHON="/nowhere/python 3"))

    assert "no usable Python at '/nowhere/python 3'" in line


def test_it_installs_once_and_says_one_line(project: Project) -> None:
    first = project.install()
    second = project.install()

    assert (first.returncode, first.stderr) == (0, "")
    assert len(first.stdout.splitlines()) == 1
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert project.syncs() == 1


def test_everything_is_installed_by_its_hash(project: Project) -> None:
    project.install()

    assert "--require-hashes requirements-dev.txt" in project.log.read_text()
    uv = (project.venv / "uv.txt").read_text().splitlines()
    assert uv[0].startswith("uv==")
    assert len(uv) > 1
    assert all(line.startswith("    --hash=sha256:") for line in uv[1:])


def test_a_new_lock_is_installed_into_the_same_environment(project: Project) -> None:
    project.install()
    (project.venv / "kept").touch()
    project.lock.write_text(project.lock.read_text() + "# changed\n")

    assert project.install().returncode == 0
    assert project.syncs() == 2
    assert (project.venv / "kept").exists()


def test_after_an_interruption_it_starts_again(project: Project) -> None:
    project.install()
    (project.venv / "half-written").touch()
    project.lock.write_text(project.lock.read_text() + "# changed\n")

    interrupted = project.install(UV_ENDS_WITH="130")
    again = project.install()

    assert "the packages could not be installed" in last_line(interrupted)
    assert again.returncode == 0
    assert project.syncs() == 3
    assert not (project.venv / "half-written").exists()


def test_a_mirror_that_is_set_for_pip_is_used(project: Project) -> None:
    uv = '#!/bin/sh\necho "$UV_DEFAULT_INDEX" >>"$UV_LOG"\n'
    executable(project.venv.parent / "uv", uv)

    project.install(PIP_INDEX_URL="http://mirror.example/simple")

    assert project.log.read_text() == "http://mirror.example/simple\n"


@pytest.mark.proof
def test_no_network(tmp_path: Path) -> None:
    """With a real Python and a real pip."""
    venv = tmp_path / "venv"
    pip_settings = {name: "" for name in os.environ if name.startswith("PIP_")}
    nowhere = f"http://127.0.0.1:{two_free_ports()}/simple"
    env = {**pip_settings, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "PIP_INDEX_URL": nowhere}

    failed = run_script(
        [ROOT / "scripts" / "install"],
        outside_environment(VENV=str(venv), PYTHON=sys.executable, PIP_RETRIES="0", **env),
    )

    assert "uv could not be fetched: check the network" in last_line(failed)
    assert not (venv / "installed.lock").exists()


def test_an_environment_whose_python_is_gone_is_made_again(tools: Path, tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/nowhere/python3")
    shutil.copy(LOCK, venv / "installed.lock")

    assert "no usable Python" in last_line(install(tools, venv))


CHECKS = "--jobs=2 --output-sync=target --keep-going check check-aws"


@pytest.mark.parametrize("failing", [CHECKS, "test", "proofs"], ids=["checks", "test", "proofs"])
def test_ci_runs_the_checks_the_tests_and_the_proofs_and_fails_with_any(tmp_path: Path, failing: str) -> None:
    make = tmp_path / "make"
    make.write_text(f'#!/bin/sh\necho "$@"\ncase "$*" in "{failing}") exit 2;; esac\n')
    make.chmod(0o755)

    env = outside_environment(
        PATH=f"{tmp_path}:{os.environ['PATH']}", CHROMIUM=sys.executable
    )  # installs nothing
    result = run_script([ROOT / ".ci" / "run"], env)

    assert result.stdout.splitlines() == [CHECKS, "test", "proofs"]
    assert result.returncode == 1


def test_make_alone_lists_what_can_be_made() -> None:
    result = run_script(["make"], outside_environment())

    for target in ("run", "test", "proofs", "check", "reset", "secrets"):
        assert f"  make {target} " in result.stdout
