"""`make run` says in one line what is wrong with a port, and `make logs` follows the log or says that there is none."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.run import main
from tests.local.machine import ROOT, outside_environment, run_sandbox, run_script, two_free_ports, working_on


@pytest.mark.parametrize(
    ("offset", "user"), [(0, "`door`"), (1, "the stand-in for AWS"), (4, "`web-probes`")]
)
def test_a_taken_port(tmp_path: Path, offset: int, user: str) -> None:
    port = two_free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + offset))
        taken.listen()

        result = run_sandbox("--data", str(tmp_path / "data"), PORT=str(port))

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Port {port + offset} on 127.0.0.1, for {user}, is not available (Address already in use): "
        "stop what uses it, or choose another, as in `PORT=9000 make run`.\n"
    )
    assert working_on(tmp_path / "data") == []


@pytest.mark.parametrize("port", ["http", "0", "65532", "٩"])
def test_a_port_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, port: str
) -> None:
    monkeypatch.setenv("PORT", port)

    status = main(["--data", str(tmp_path / "data")])

    printed, errors = capsys.readouterr()
    assert (status, printed) == (1, "")
    assert errors == f"PORT is {port!r}: it must be a number from 1 to 65531, as in `PORT=9000 make run`.\n"


def test_the_log_is_followed_or_missed_in_a_sentence(tmp_path: Path) -> None:
    missing = run_sandbox("--data", str(tmp_path), "--logs")
    assert missing.stderr == f"There is no log at {tmp_path}/run.log: start Bleep with `make run` first.\n"
    assert missing.returncode == 1

    (tmp_path / "run.log").write_text("relay         | relay.started\n")
    command = [sys.executable, "-m", "sandbox.run", "--data", str(tmp_path), "--logs"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "relay         | relay.started\n"
        following.kill()


def test_make_passes_the_line_on() -> None:
    result = run_script(["make", "--silent", "run"], outside_environment(PORT="none"))

    assert result.returncode != 0
    assert "PORT is 'none': it must be a number" in result.stderr.splitlines()[0]
