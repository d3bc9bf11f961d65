"""The terminal of a run notices that its reader has gone; the log keeps the run before."""

import os
import select
import time
from pathlib import Path

from sandbox.output import RunLog, Terminal


def test_a_reader_that_has_gone_is_noticed_before_anything_is_written() -> None:
    reading, writing = os.pipe()
    terminal = Terminal(writing)
    assert not terminal.gone

    os.close(reading)

    assert terminal.gone
    terminal.say("anybody there?")  # breaks nothing
    os.close(writing)


def test_a_reader_that_does_not_read_keeps_nothing_waiting_for_long() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while select.select([], [writing], [], 0)[1]:
        os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    started = time.monotonic()

    Terminal(writing).say("Everything is stopped.")

    assert time.monotonic() - started < 5
    os.close(reading)
    os.close(writing)


def test_a_file_always_reads(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        terminal = Terminal(file.fileno())
        terminal.say("Bleep is ready.")
        assert not terminal.gone
    assert (tmp_path / "out").read_text() == "Bleep is ready.\n"


def test_each_run_has_its_own_log_and_keeps_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "run.log"
    for text in ("one", "two", "three"):
        log = RunLog(path)
        log.line("relay", text)
        log.close()
        log.line("relay", "after its end, which is dropped")

    assert path.read_text() == "relay         | three\n"
    assert path.with_name("run.log.previous").read_text() == "relay         | two\n"
