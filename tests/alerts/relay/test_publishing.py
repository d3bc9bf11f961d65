"""What the log says of a broker that is away, and of a queue that nobody empties."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

from alerts import tasks
from alerts.relay import publishing
from alerts.relay.publishing import Publisher
from config import celery
from tests.alerts.conftest import broken_broker

Outages = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def publisher(broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    monkeypatch.setattr(publishing, "PAUSE", 0.0)
    made = Publisher()
    for outage in (made._outage, *made._full.values()):  # noqa: SLF001 - to move its time
        outage.settled = 0.0
    yield made
    made.close()


def publish(publisher: Publisher) -> int:
    """How many of three tries, each with one delivery, are published."""
    return sum(not publisher.publish(tasks.deliver, celery.NORMAL, [uuid.uuid4()]) for _ in range(3))


def test_a_broker_that_is_away_is_said_once_and_its_return_without_anything_to_hand_over(
    publisher: Publisher, outages: Outages
) -> None:
    with broken_broker("redis://127.0.0.1:1/0"):
        assert publish(publisher) == 0
        publisher.look_again()
    publisher.look_again()

    down, back = outages()
    assert (down["event"], down["cause"]) == ("relay.broker_down", "ConnectionError")
    assert (back["event"], back["failures"]) == ("relay.broker_back", 4)


def test_a_queue_that_nobody_empties_is_said_once_and_that_somebody_does(
    publisher: Publisher, broker: "redis.Redis", outages: Outages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "FULL", 1)
    assert publish(publisher) == 1
    broker.flushall()
    publish(publisher)

    lines = [(line["event"], line["queue"]) for line in outages()]
    assert lines[:2] == [("relay.workers_away", "normal"), ("relay.workers_back", "normal")]
