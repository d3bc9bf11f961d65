"""The measurements themselves, smaller than by hand: real processes, each in a directory of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: str) -> str:
    """Run a measurement to its end; what it printed. It must end with 0."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def counted(printed: str, line: str) -> int:
    """The figure in a line of a table."""
    [figure] = re.findall(rf"^{re.escape(line)} +(\d+)", printed, re.MULTILINE)
    return int(figure)


@pytest.mark.timeout(300)
def test_nothing_is_lost_whatever_goes_wrong() -> None:
    printed = run("chaos", "--seconds", "15", "--seed", "20261122")

    assert counted(printed, "alerts accepted (2xx)") == 120
    assert counted(printed, "sent or delivered") > 60
    assert counted(printed, "lost (must be 0)") == 0
    assert "make chaos SECONDS=15 SEED=20261122" in printed


@pytest.mark.timeout(300)
def test_the_same_alerts_over_many_connections_are_sent_once() -> None:
    printed = run("duplicate_storm", "--connections", "10", "--ids", "20")

    assert counted(printed, "messages received") == 20


@pytest.mark.timeout(300)
def test_high_is_sent_in_a_storm_of_low() -> None:
    printed = run("storm", "--low", "200", "--high", "3")

    assert re.search(r"^sms( +\d+){6}$", printed, re.MULTILINE)


@pytest.mark.timeout(300)
def test_accepting_is_measured() -> None:
    printed = run("accept", "--requests", "40", "--runs", "1", "--connections", "4")

    assert re.search(r"^new alert +\d+ ", printed, re.MULTILINE)
