"""Workers say that they are at work, and for what."""

import threading
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from celery.signals import heartbeat_sent
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts import tasks
from alerts.models import WorkerHeartbeat, WorkerKind
from alerts.monitoring import heartbeats
from config.celery import LOW, NORMAL, QUESTIONS, URGENT
from config.periodic import Periodic
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
OTHERS = (NORMAL, LOW, QUESTIONS)


def new() -> Periodic[[str, Iterable[str]]]:
    """The heartbeat of a worker that has just started."""
    return Periodic("heartbeat", heartbeats.write, seconds=heartbeats.SECONDS)


def finish() -> None:
    """Let what is being written be written."""
    for thread in threading.enumerate():
        if thread.name == "heartbeat":
            thread.join(10)


@pytest.mark.parametrize(
    ("queues", "kind"), [([URGENT], WorkerKind.URGENT), ([URGENT, *OTHERS], WorkerKind.OTHERS)]
)
def test_the_kind_of_a_worker_follows_from_its_queues(queues: list[str], kind: WorkerKind) -> None:
    new().start_if_due("urgent@ward", queues)
    finish()

    assert WorkerHeartbeat.objects.fresh().get().kind == kind


def test_celerys_heartbeat_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "worker_heartbeat", new())
    sender = Mock()
    sender.eventer.hostname = "all@ward"

    heartbeat_sent.send(sender=sender)
    finish()

    assert WorkerHeartbeat.objects.get().worker == "all@ward"


def test_it_is_written_now_and_then_and_not_at_every_heartbeat() -> None:
    heartbeat = new()
    heartbeat.start_if_due("all@ward", OTHERS)
    finish()
    WorkerHeartbeat.objects.all().delete()

    heartbeat.start_if_due("all@ward", OTHERS)
    finish()

    assert not WorkerHeartbeat.objects.exists()


def test_a_database_that_hangs_holds_no_worker_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "SECONDS", 0.0)
    began: list[str] = []
    answered = threading.Event()

    def write(worker: str, _: Iterable[str]) -> None:
        began.append(worker)
        answered.wait(30)

    monkeypatch.setattr(heartbeats, "write", write)
    heartbeat = new()
    for _ in range(3):
        heartbeat.start_if_due("all@ward", OTHERS)
    wait_until(lambda: began, what="one began")
    answered.set()
    finish()

    assert began == ["all@ward"]


@pytest.mark.parametrize("ahead", [3600, 0, -3600])
def test_it_says_how_far_the_clock_of_its_host_is_ahead(monkeypatch: pytest.MonkeyPatch, ahead: int) -> None:
    tell = time.time
    monkeypatch.setattr(time, "time", lambda: tell() + ahead)

    heartbeats.write("all@ward", OTHERS)

    assert WorkerHeartbeat.objects.get().clock_offset_seconds == pytest.approx(ahead, abs=0.5)


def test_how_far_it_is_ahead_is_not_known_from_a_slow_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeats.write("all@ward", OTHERS)
    monkeypatch.setattr(heartbeats, "MEASURED_WITHIN", 0.0)

    heartbeats.write("all@ward", OTHERS)

    assert WorkerHeartbeat.objects.get().clock_offset_seconds is None


def test_a_heartbeat_costs_three_statements() -> None:
    heartbeats.write("all@ward", OTHERS)

    with CaptureQueriesContext(connection) as captured:
        heartbeats.write("all@ward", OTHERS)

    statements = [query["sql"].split()[0] for query in captured]
    assert [each for each in statements if each not in ("BEGIN", "COMMIT")] == ["SELECT", "INSERT", "DELETE"]


def test_a_worker_lives_on_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError

    monkeypatch.setattr(WorkerHeartbeat.objects, "bulk_create", away)

    heartbeats.write("all@ward", OTHERS)


def test_it_says_when_the_worker_began_its_last_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "_last_task", None)
    heartbeats.write("all@ward", OTHERS)
    assert not WorkerHeartbeat.is_at_work(WorkerKind.OTHERS)
    tasks.deliver(str(uuid.uuid4()))

    heartbeats.write("all@ward", OTHERS)

    assert WorkerHeartbeat.is_at_work(WorkerKind.OTHERS)
    WorkerHeartbeat.objects.update(worked_at=Now() - timedelta(minutes=1))
    assert not WorkerHeartbeat.is_at_work(WorkerKind.OTHERS)


def test_a_process_gone_for_a_day_is_forgotten() -> None:
    day = timedelta(days=1, seconds=1)
    WorkerHeartbeat.objects.create(worker="gone@ward", kind=WorkerKind.OTHERS, beat_at=Now() - day)

    heartbeats.write("all@ward", OTHERS)

    assert [each.worker for each in WorkerHeartbeat.objects.all()] == ["all@ward"]
