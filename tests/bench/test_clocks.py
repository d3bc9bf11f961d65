"""A clock that is an hour ahead: what a process sees of it."""

import json
import os
import subprocess
import sys
import time

import pytest

from bench.mishaps import clocks

LOOK = """
import json, threading, time
from datetime import datetime
before = time.monotonic()
time.sleep(0.1)
threading.Event().wait(0.1)
print(json.dumps([time.time(), datetime.now().timestamp(), before, time.monotonic() - before]))
"""


@pytest.mark.skipif(not clocks.ahead(), reason="libfaketime is not installed")
def test_the_time_is_an_hour_ahead_and_waits_last_as_long_as_they_should() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        env={**os.environ, **clocks.ahead()},
        capture_output=True,
        timeout=30,
        check=True,
    )

    wall, of_datetime, monotonic, waited = json.loads(done.stdout)
    assert wall - time.time() == pytest.approx(3600, abs=30)
    assert of_datetime == pytest.approx(wall, abs=1)
    assert monotonic == pytest.approx(time.monotonic(), abs=30)
    assert 0.2 <= waited < 5


def test_without_libfaketime_there_is_nothing_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "PLACES", ("/nowhere",))

    assert clocks.ahead() == {}
