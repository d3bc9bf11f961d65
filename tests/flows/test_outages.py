"""With a part of the system down: nothing that was answered with a 2xx is lost."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import requests
from django.db import connection, connections

from tests.environment import EMBEDDED, POSTGRES, REDIS
from tests.factories import an_alert
from tests.flows.conftest import Bleep
from tests.processes import answers, wait_until

pytestmark = pytest.mark.skipif(
    len(EMBEDDED) < 2, reason="the services are somebody else's, and are not stopped for a test"
)


@pytest.fixture
def stopped_redis(bleep: Bleep) -> Iterator[None]:
    """Redis is away."""
    REDIS.kill()
    yield
    REDIS.start()


def test_with_redis_stopped_high_arrives_and_the_rest_when_it_is_back(
    bleep: Bleep, stopped_redis: None
) -> None:
    codes = [bleep.post(an_alert(message_id=priority, priority=priority)).status_code for priority in "HML"]

    assert codes == [202, 202, 202]
    [message] = bleep.wait_for_messages(1)
    assert message["channel"] == "call"
    assert (bleep.status("M"), bleep.status("L")) == ("queued", "queued")

    REDIS.start()
    bleep.wait_for("M", "sent", seconds=60)
    bleep.wait_for("L", "sent", seconds=60)
    assert len(bleep.aws.messages()) == 3


def test_with_redis_hung_the_answer_is_202_and_high_arrives(bleep: Bleep) -> None:
    assert REDIS.pid is not None
    os.kill(REDIS.pid, signal.SIGSTOP)
    try:
        assert bleep.post(an_alert(priority="H")).status_code == 202
        [message] = bleep.wait_for_messages(1)
        assert message["channel"] == "call"
    finally:
        os.kill(REDIS.pid, signal.SIGCONT)


REFUSALS = {
    "READONLY and UNBLOCKED": (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
    "OOM": (["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]),
}
"""Commands that make Redis answer with errors, as during a failover or when it is full, and that end it."""


@pytest.mark.parametrize(("begin", "end"), REFUSALS.values(), ids=REFUSALS)
def test_workers_survive_a_redis_that_refuses(
    bleep: Bleep, log_dir: Path, begin: list[str], end: list[str]
) -> None:
    logs = [log_dir / f"{part}.log" for part in ("worker", "worker-urgent")]
    before = [len(log.read_text()) for log in logs]
    with redis.Redis.from_url(REDIS.url) as broker:
        broker.execute_command(*begin)
        try:
            assert bleep.post(an_alert(message_id="m-1", priority="M")).status_code == 202
            time.sleep(3)  # long enough for a worker to end
        finally:
            broker.execute_command(*end)

    bleep.wait_for("m-1", "sent", seconds=60)
    assert bleep.post(an_alert(message_id="m-2", priority="M"), Prefer="wait=20").json()["status"] == "sent"
    for log, length in zip(logs, before, strict=True):
        printed = log.read_text()[length:]
        assert "Cannot connect" not in printed
        assert printed.count("worker.redis_away") <= 1, "it is said once, and not six times a second"


def test_with_postgresql_stopped_the_answer_is_503_and_the_same_post_works_when_it_is_back(
    bleep: Bleep,
) -> None:
    connections.close_all()
    POSTGRES.kill()
    try:
        refused = bleep.post(an_alert(priority="M"))
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert answers(f"{bleep.url}/healthz")
        assert requests.get(f"{bleep.url}/readyz", timeout=10).status_code == 503
    finally:
        POSTGRES.start()

    wait_until(lambda: bleep.post(an_alert(priority="M")).ok, what="the same POST is taken")
    bleep.wait_for("123", "sent", seconds=60)
    assert len(bleep.aws.messages()) == 1
    connection.ensure_connection()
