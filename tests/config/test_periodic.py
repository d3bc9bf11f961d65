"""Work that is repeated: when it is due, and what happens when it is slow or fails."""

import threading
from typing import Any

import pytest
from django.db import connection

from config.periodic import Periodic
from tests.processes import wait_until

BOUND = 10.0


class Work:
    """Counts its runs; each waits until it may end, and then raises `error`."""

    def __init__(self) -> None:
        self.runs: list[threading.Thread] = []
        self.may_end = threading.Event()
        self.may_end.set()
        self.error: BaseException | None = None

    def __call__(self) -> None:
        self.runs.append(threading.current_thread())
        assert self.may_end.wait(BOUND)
        if self.error:
            raise self.error


@pytest.fixture
def work() -> Work:
    return Work()


def test_it_runs_at_once_and_then_not_before_it_is_due(work: Work) -> None:
    periodic = Periodic("work", work, seconds=60)
    for _ in range(3):
        periodic.run_if_due()
        periodic.start_if_due()

    assert work.runs == [threading.main_thread()]


def test_it_runs_again_when_it_is_due(work: Work) -> None:
    periodic = Periodic("work", work, seconds=0)
    periodic.run_if_due()
    periodic.run_if_due()

    assert len(work.runs) == 2


def test_an_inline_run_that_raises_is_the_callers_and_stays_due(work: Work) -> None:
    work.error = ValueError("broken")
    periodic = Periodic("work", work, seconds=60)

    with pytest.raises(ValueError, match="broken"):
        periodic.run_if_due()

    assert periodic.is_due


def test_a_thread_does_not_hold_up_the_caller_or_the_end_of_the_process(work: Work) -> None:
    work.may_end.clear()
    periodic = Periodic("work", work, seconds=60)

    periodic.start_if_due()

    wait_until(lambda: work.runs, what="the work began")
    assert (work.runs[0].daemon, work.runs[0].name) == (True, "work")
    work.may_end.set()
    periodic.join(BOUND)
    assert not work.runs[0].is_alive()


def test_the_next_run_waits_until_the_last_has_ended(work: Work) -> None:
    work.may_end.clear()
    periodic = Periodic("work", work, seconds=0)
    for _ in range(3):
        periodic.start_if_due()
    wait_until(lambda: work.runs, what="the work began")
    assert len(work.runs) == 1

    work.may_end.set()
    periodic.join(BOUND)
    periodic.start_if_due()
    periodic.join(BOUND)

    assert len(work.runs) == 2


def test_joining_is_bounded(work: Work) -> None:
    work.may_end.clear()
    periodic = Periodic("work", work, seconds=60)
    periodic.start_if_due()

    periodic.join(0.01)

    wait_until(lambda: work.runs, what="the work began")
    assert work.runs[0].is_alive()
    work.may_end.set()
    periodic.join(BOUND)


def test_a_thread_that_fails_is_logged_and_runs_again(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    work.error = ValueError("broken")
    periodic = Periodic("work", work, seconds=0)
    for _ in range(2):
        periodic.start_if_due()
        periodic.join(BOUND)

    lines: list[Any] = [record.msg for record in caplog.records if record.name == "config.periodic"]
    assert [(line["event"], line["work"]) for line in lines] == [("periodic.failed", "work")] * 2


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_repeated_work_goes_on_after_a_failure(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    work.error = ValueError("broken")

    Periodic("work", work, seconds=0.01).start_repeating()

    wait_until(lambda: len(work.runs) > 2, what="it ran again")
    work.error = SystemExit()  # ends the thread, which otherwise lives as long as the process
    work.runs[0].join(BOUND)
    assert not work.runs[0].is_alive()


@pytest.mark.django_db(transaction=True)
def test_a_thread_closes_its_database_connections() -> None:
    def connections() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            return int(cursor.fetchone()[0])

    before = connections()
    seen: list[int] = []
    periodic = Periodic("work", lambda: seen.append(connections()), seconds=60)
    periodic.start_if_due()
    periodic.join(BOUND)

    assert seen == [before + 1]
    wait_until(lambda: connections() == before, what="the connection was closed")
