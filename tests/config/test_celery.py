"""Celery's connection to Redis."""

from typing import Any

from config.celery import app


def test_a_channel_closes_in_peace_though_it_holds_a_message_and_its_connection_is_gone() -> None:
    connection = app.connection_for_write()
    channel: Any = connection.channel()
    queue = app.amqp.queues["low"](channel)
    queue.declare()
    queue.purge()
    connection.Producer(channel).publish({}, routing_key="low", exchange=queue.exchange)
    assert queue.get() is not None  # and it is not acknowledged

    # After a connection error: otherwise the worker's main loop ends with an AttributeError.
    channel._disconnect_pools()  # noqa: SLF001 - the state that its own error handling leaves
    channel.connection.client = None
    channel.close()

    assert channel.closed
