"""Hands ids to Celery within a bounded time. A broken broker gives an error, never a wait."""

import contextlib
import json
import logging
import uuid
from collections.abc import Sequence
from typing import Any

from kombu import Connection, Producer
from kombu.exceptions import BatchPublishError, OperationalError as BrokerError  # type: ignore[attr-defined]
from redis.exceptions import RedisError

from alerts.cooldown import Cooldown
from config import celery
from config.outages import Outage
from contacts.choices import Priority

QUEUES: dict[Priority, str] = {
    Priority.HIGH: celery.URGENT,
    Priority.MEDIUM: celery.NORMAL,
    Priority.LOW: celery.LOW,
}
PAUSE = 2.0
"""Seconds to leave a failed broker alone, or a queue that nobody empties."""
FULL = 1000
"""Messages in one queue from which on nobody takes from it: relays never hand over so many at once."""

BROKEN = (BrokerError, BatchPublishError, RedisError, OSError)


class Publisher:
    """Publishes to the broker for one relay, over one connection."""

    def __init__(self) -> None:
        self._pauses = {queue: Cooldown(PAUSE) for queue in celery.QUEUES}
        self._outage = Outage(begins="relay.broker_down", ends="relay.broker_back", level=logging.WARNING)
        self._full = {
            queue: Outage(begins="relay.workers_away", ends="relay.workers_back", queue=queue)
            for queue in celery.QUEUES
        }
        self._broker: Connection | None = None

    def is_paused(self, queue: str) -> bool:
        """Whether to leave this queue alone: the broker has just failed, or nobody takes from the queue."""
        return self._pauses[queue].is_on

    def look_again(self) -> None:
        """Ask a broker that was away if it is back. With nothing to hand over, nobody else would notice."""
        if self._outage.is_on and not self.is_paused(celery.URGENT):
            self.oldest(celery.URGENT)

    def oldest(self, queue: str) -> uuid.UUID | None:
        """The delivery that has been in this queue for longest; None if it is empty, or the broker fails."""
        try:
            message: bytes | None = self._channel().client.lindex(queue, -1)
        except BROKEN as error:
            self._pause(error)
            return None
        self._outage.works()
        return uuid.UUID(json.loads(message)["headers"]["id"]) if message else None

    def publish(
        self, task: Any, queue: str, ids: Sequence[uuid.UUID], *, at_most: int = 1
    ) -> Sequence[uuid.UUID]:
        """Publish tasks with up to this many ids each, in one round trip. Returns the ids that were not published.

        An error does not mean "not sent": a failed id may still be in the queue. It is claimed only once.
        """
        if not ids:
            return []
        try:
            channel = self._channel()
            if self._is_full(channel, queue):
                return ids
            producer = Producer(channel, auto_declare=False)
            with producer.batch():  # type: ignore[attr-defined]
                for start in range(0, len(ids), at_most):
                    some = [str(each) for each in ids[start : start + at_most]]
                    # The task gets the first delivery's id, by which `oldest` finds it in the queue.
                    task.apply_async(some, task_id=some[0], queue=queue, producer=producer, retry=False)
        except BROKEN as error:
            self._pause(error)
            return ids
        self._outage.works()
        return []

    def close(self) -> None:
        """Close the connection. The next call opens another."""
        if self._broker is not None:
            with contextlib.suppress(*BROKEN):
                self._broker.release()
            self._broker = None

    def _channel(self) -> Any:
        if self._broker is None:
            self._broker = celery.publishing_connection()
        return self._broker.default_channel

    def _pause(self, error: Exception) -> None:
        for pause in self._pauses.values():
            pause.begin()
        self._outage.failed(None, type(error.__cause__ or error).__name__)
        self.close()

    def _is_full(self, channel: Any, queue: str) -> bool:
        """Without workers a queue grows, because relays hand unclaimed deliveries over again."""
        length: int = channel.client.llen(queue)
        if length < FULL:
            self._full[queue].works()
            return False
        self._pauses[queue].begin()
        self._full[queue].failed(None, "No worker takes from this queue.")
        return True
