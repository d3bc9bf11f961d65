"""Celery: messages go to the right queue, and a broker that hangs delays nothing."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from celery.backends.base import DisabledBackend
from django.conf import settings

from alerts.tasks import deliver
from config.celery import QUEUES, app, publishing_connection
from tests.config.server import run, silent_server


@pytest.fixture
def depths() -> Iterator[Any]:
    """The number of messages in each queue. The queues are empty before and after."""
    with publishing_connection() as broker:
        channel: Any = broker.channel()
        for name in QUEUES:
            queue = app.amqp.queues[name](channel)
            queue.declare()
            queue.purge()
        yield lambda: {name: channel.client.llen(name) for name in QUEUES}  # by Redis itself
        for name in QUEUES:
            app.amqp.queues[name](channel).purge()


@pytest.mark.parametrize("name", QUEUES)
def test_a_task_lands_in_its_own_queue_and_in_no_other(depths: Any, name: str) -> None:
    with publishing_connection() as broker, broker.Producer(auto_declare=False) as producer:
        deliver.apply_async((str(uuid.uuid4()),), queue=name, producer=producer, retry=False)

    assert depths() == {queue: int(queue == name) for queue in QUEUES}


@pytest.mark.parametrize("name", QUEUES)
def test_each_queue_is_bound_by_its_own_key(name: str) -> None:
    queue = app.amqp.queues[name]

    assert (queue.exchange.name, queue.routing_key) == (name, name)


def test_there_are_these_queues_and_no_others() -> None:
    assert set(app.amqp.queues) == set(QUEUES)
    assert not app.conf.task_create_missing_queues


def test_no_result_is_kept() -> None:
    assert isinstance(app.backend, DisabledBackend)
    assert app.conf.task_ignore_result


def test_messages_are_json_and_nothing_else_is_read() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("task_acks_late", True),
        ("task_reject_on_worker_lost", False),
        ("worker_prefetch_multiplier", 1),
        ("worker_cancel_long_running_tasks_on_connection_loss", False),
        ("broker_connection_retry_on_startup", True),
        ("broker_connection_max_retries", None),
    ],
)
def test_the_values_that_held_up_under_faults_are_in_force(setting: str, value: Any) -> None:
    assert app.conf[setting] == value


def test_the_broker_gives_a_message_back_soon_after_a_worker_died() -> None:
    options = app.conf.broker_transport_options

    assert options["unacked_restore_interval"] == 5
    assert options["unacked_restore_throttle"] == 1
    # No task may outlive the time for which the broker believes in its worker: it would run twice.
    assert options["visibility_timeout"] > settings.LEASE.total_seconds()


def test_nothing_is_set_that_does_nothing_to_a_thread() -> None:
    inert = ("task_time_limit", "task_soft_time_limit", "worker_soft_shutdown_timeout")

    assert [name for name in inert if app.conf[name]] == []


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("SECRET_KEY", None, "is not set"), ("CONNECT_RING_SECONDS", "soon", "must be a whole number")],
)
def test_a_worker_refuses_to_start_with_a_broken_configuration_and_says_why(
    name: str, value: str | None, why: str
) -> None:
    done = run(
        "-m", "celery", "--quiet", "-A", "config", "worker", "-P", "threads", "-c", "1", **{name: value}
    )

    assert done.returncode == 1
    assert f"{name} {why}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_connection_outlives_a_task() -> None:
    assert app.conf.get("CELERY_DB_REUSE_MAX") == 1_000_000


PUBLISH = """
import sys
import django
django.setup()
from alerts.tasks import deliver
from config.celery import publishing_connection
connects = []
sys.addaudithook(lambda event, args: connects.append(args) if event == "socket.connect" else None)
try:
    with publishing_connection() as broker, broker.Producer(auto_declare=False) as producer:
        deliver.apply_async(("x",), queue="urgent", producer=producer, retry=False)
except Exception as error:
    print(type(error).__name__, len(connects))
"""
"""Publishes, and prints the error and the number of connections."""


def test_publishing_to_a_broker_that_hangs_fails_after_one_connection() -> None:
    with silent_server() as hung:
        done = run("-c", PUBLISH, REDIS_URL=f"redis://127.0.0.1:{hung.port}/0")

        assert hung.connections() == 1

    assert done.stdout.split() == ["OperationalError", "1"], done.stderr


def test_publishing_to_a_broker_that_is_away_fails_after_one_connection() -> None:
    done = run("-c", PUBLISH)

    assert done.stdout.split() == ["OperationalError", "1"], done.stderr


def test_the_one_connection_for_publishing_is_given_up_after_less_than_half_a_second() -> None:
    with publishing_connection() as broker:
        channel: Any = broker.channel()
        bounds = channel.client.connection_pool.connection_kwargs

    assert bounds["socket_connect_timeout"] + bounds["socket_timeout"] <= 0.4
