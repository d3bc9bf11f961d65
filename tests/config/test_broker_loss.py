"""A worker survives when Redis goes away while it holds messages."""

from collections.abc import Iterator
from typing import Any

import pytest

from config.celery import app


def disconnect(channel: Any) -> Any:
    """Drop the connection and its pools, as its own error handling does."""
    channel._disconnect_pools()  # noqa: SLF001
    client, channel.connection.client = channel.connection.client, None
    return client


@pytest.fixture
def channel() -> Iterator[Any]:
    """A channel to Redis, and a message in the queue "low"."""
    connection = app.connection_for_write()
    opened: Any = connection.channel()
    queue = app.amqp.queues["low"](opened)
    queue.declare()
    queue.purge()
    connection.Producer(opened).publish({}, routing_key="low", exchange=queue.exchange)
    yield opened
    opened.qos.restore_at_shutdown = (
        False  # or the message is put back when the tests end, over no connection
    )


def test_a_worker_survives_that_it_cannot_put_a_message_back(channel: Any) -> None:
    message = app.amqp.queues["low"](channel).get()
    assert message is not None
    client = disconnect(channel)

    client.maybe_close_channel(channel)  # as Celery does after a connection error; it passes over those alone

    assert channel.closed


@pytest.mark.parametrize("closed", [False, True])
def test_a_worker_survives_that_it_cannot_acknowledge_a_message(channel: Any, closed: bool) -> None:
    message: Any = app.amqp.queues["low"](channel).get()
    client = disconnect(channel)
    errors = client.connection_errors
    if closed:
        channel.connection = None
    logged: list[str] = []

    class Logger:
        def critical(self, *args: Any, **kwargs: Any) -> None:
            logged.append("critical")

    message.ack_log_error(Logger(), errors)  # Celery's way; any other error goes on to its main loop

    assert logged == ["critical"]
