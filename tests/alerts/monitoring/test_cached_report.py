"""The newest report is kept for a few seconds, and its readers share one look."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import pytest
from django.db import OperationalError, connections

from alerts.monitoring import checks, report
from alerts.monitoring.findings import Finding

pytestmark = pytest.mark.django_db


def test_a_report_is_kept_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    first = report.recent.get()
    assert report.recent.get() is first

    monkeypatch.setattr(report, "KEPT_SECONDS", 0.0)
    report.recent.forget()
    assert report.recent.get() is not report.recent.get()


def test_concurrent_readers_share_one_check(monkeypatch: pytest.MonkeyPatch) -> None:
    looks, gate = [], threading.Barrier(8)

    def look() -> list[Finding]:
        looks.append(1)
        time.sleep(0.05)  # while the others come
        return []

    def ask(_: int) -> report.Report:
        gate.wait(10)
        try:
            return report.recent.get()
        finally:
            connections.close_all()

    monkeypatch.setattr(checks, "CHECKS", (look,))
    monkeypatch.setattr(checks, "waiting_seconds", dict)
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(ask, range(8)))

    assert len(looks) == 1
    assert all(each is reports[0] for each in reports)


def test_a_database_that_fails_is_asked_once_and_not_by_everybody_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = []

    def fail() -> NoReturn:
        looks.append(1)
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(report, "run", fail)
    for _ in range(3):
        with pytest.raises(OperationalError):
            report.recent.get()

    assert looks == [1]


def test_a_reader_during_a_check_gets_the_last_report(monkeypatch: pytest.MonkeyPatch) -> None:
    last = report.recent.get()
    monkeypatch.setattr(report, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(report, "WAIT_SECONDS", 0.0)
    looking, go_on = threading.Event(), threading.Event()

    def look() -> report.Report:
        looking.set()
        go_on.wait(20)
        return report.Report({}, {}, [])

    monkeypatch.setattr(report, "run", look)
    monkeypatch.setattr(report.recent, "_until", float("-inf"))
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(report.recent.get)
        assert looking.wait(20)
        assert report.recent.get() is last
        go_on.set()
        assert slow.result() is not last
