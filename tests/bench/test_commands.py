"""The benchmarks themselves, but smaller: real processes, each in its own directory."""

import json
import os
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import psutil
import pytest

from bench.command import conclude
from bench.mishaps.senders import BURST
from bench.speed.figures import GOALS
from sandbox.processes import MARK

ROOT = Path(__file__).resolve().parents[2]


def end(module: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a benchmark to its end."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=440,
        check=False,
    )


def run(module: str, *arguments: str) -> str:
    """Run a benchmark, which must exit with 0. Returns its output."""
    done = end(module, *arguments)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def counted(printed: str, line: str) -> int:
    """The figure in a row of a table."""
    [figure] = re.findall(rf"^{re.escape(line)} +(\d+)", printed, re.MULTILINE)
    return int(figure)


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_nothing_is_lost_whatever_goes_wrong() -> None:
    printed = run("chaos", "--seconds", "15", "--seed", "20261122")

    assert counted(printed, "alerts accepted (2xx)") == 120 + BURST
    assert counted(printed, "sent or delivered") > 60
    assert counted(printed, "lost (must be 0)") == 0
    for mishap in (
        "flush redis",
        "kill redis",
        "kill web-api",
        "freeze aws",
        "half-send bodies",
        "burst alerts",
    ):  # tests/bench/test_schedule.py has all of them
        assert f"{mishap} ×1" in printed
    assert "make chaos SECONDS=15 SEED=20261122" in printed


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_the_same_alerts_over_many_connections_are_sent_once() -> None:
    printed = run("duplicate_storm", "--connections", "10", "--ids", "20")

    assert counted(printed, "messages received") == 20


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_high_does_not_wait_for_a_storm_of_low() -> None:
    # With an SNS that takes a second, a hundred Low before High would take four, whatever the machine.
    printed = run("storm", "--low", "300", "--high", "3", "--sns-seconds", "1", "--most-delay", "2")

    assert re.search(r"^sms( +\d+){6}$", printed, re.MULTILINE)
    assert "the p95 may be 2 s above the calm one. High does not wait for Low." in printed


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_a_storm_that_ends_before_high_comes_gives_no_result(tmp_path: Path) -> None:
    done = end("storm", "--low", "1", "--high", "1", TMPDIR=str(tmp_path))

    assert done.returncode == 2
    assert done.stderr.startswith("Not measured. No Low alert was waiting when High was sent")
    assert not list(tmp_path.iterdir()), "there is nothing to be looked at"


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_the_next_person_is_not_asked_late_however_many_are_to_be() -> None:
    printed = run("asking.storm", "--loops", "60", "--over", "3", "--most-late", "10")

    assert re.search(r"^over 3 s( +\d+){3}$", printed, re.MULTILINE)
    assert re.search(r"^in one moment( +\d+){3}$", printed, re.MULTILINE)


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_every_figure_that_has_a_goal_is_measured(tmp_path: Path) -> None:
    sizes = {name: {"1000": 9.0, "2000000": 9.0} for name in ("taken, a second", "sent, a second", "alerts")}
    (tmp_path / "sizes.json").write_text(json.dumps({"figures": sizes}))
    files = ("--grown", str(tmp_path / "sizes.json"), "--to", str(tmp_path / "figures.json"))
    printed = run("speed.run", "--size", "trial", *files)

    written = json.loads((tmp_path / "figures.json").read_text())
    found = {each["key"]: each["value"] for each in written["figures"]}
    nothing = {key for key in GOALS if not found.get(key)}
    assert nothing <= {"idle_relay"}, "a relay may use less in two seconds than the system counts"
    assert set(GOALS) <= set(found)
    assert len(re.findall(r" (?:not )?met$", printed, re.MULTILINE)) == len(GOALS)
    assert {"Django", "PostgreSQL", "granian"} < set(written["taken"]["versions"])


@pytest.mark.proof
@pytest.mark.timeout(460)
@pytest.mark.usefixtures("cluster")
def test_senders_that_wait_are_measured_beside_those_that_do_not() -> None:
    printed = run("modes.compare", "--rates", "4", "--seconds", "1", "--outage", "1")

    steady, away = printed.split("The provider is away for 1 s")
    assert re.search(r"^202 at once +4 .* 0% +\d+ +0 ", steady, re.MULTILINE)
    # Some of those that wait know the outcome, however slow the machine is.
    assert re.search(r"^Prefer: wait +4 .* [1-9]\d*% +\d+ +0 ", steady, re.MULTILINE)
    posts_and_lost = re.findall(r"^(?:202 at once|Prefer: wait) +(\d+) .* (\d+) +\d+ s$", away, re.MULTILINE)
    assert posts_and_lost == [("20", "0")] * 2


@pytest.mark.parametrize(
    ("module", "option", "value"),
    [
        ("chaos", "--seconds", "-1"),
        ("chaos", "--seconds", "1e9"),
        ("chaos", "--seed", "seven"),
        ("storm", "--low", "0"),
        ("storm", "--high", "٣"),
        ("storm", "--most-delay", "soon"),
        ("asking.storm", "--loops", "0"),
        ("duplicate_storm", "--connections", "0"),
        ("duplicate_storm", "--ids", ""),
        ("modes.compare", "--rates", "0"),
        ("modes.compare", "--outage", "never"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, option: str, value: str
) -> None:
    monkeypatch.setattr(sys, "argv", [module, option, value])

    with pytest.raises(SystemExit) as ended:
        conclude(import_module(f"bench.{module}").main)

    printed, errors = capsys.readouterr()
    assert ended.value.code == 2
    assert f"argument {option}: '{value}' must be a whole number from " in errors
    assert "Starting" not in printed


@pytest.mark.proof
def test_a_bleep_that_does_not_start_gives_no_result_and_says_where_to_look(tmp_path: Path) -> None:
    done = end("storm", LEASE_SECONDS="never", TMPDIR=str(tmp_path))

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Not measured. ")
    [log] = re.findall(r"is in (\S+)", done.stderr)
    assert "LEASE_SECONDS" in Path(log).read_text()


@pytest.mark.proof
@pytest.mark.usefixtures("cluster")
def test_ctrl_c_stops_all_that_was_started_and_says_that_there_is_no_result(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.speed.run", "--only", "take"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background job ignores SIGINT, and so would whatever it starts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - it takes no lock
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "POSTs answered" in line:
                break
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: the pool's processes get it too
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "Interrupted" in errors
    assert not any(str(tmp_path) in marks_of(each) for each in psutil.process_iter())
    assert not list(tmp_path.iterdir())


def marks_of(process: psutil.Process) -> str:
    """The directory of the run that a process belongs to."""
    try:
        return process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return ""
