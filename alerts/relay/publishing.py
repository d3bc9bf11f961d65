"""Hand ids to Celery within a bounded time. A broken broker gives an error, never a wait."""

import json
import time
import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from alerts.cooldown import Cooldown
from config import celery
from contacts.choices import Priority

QUEUES: dict[Priority, str] = {
    Priority.HIGH: celery.URGENT,
    Priority.MEDIUM: celery.NORMAL,
    Priority.LOW: celery.LOW,
}
PAUSE = 2.0
"""Seconds to leave a failed broker, or a queue that nobody empties, alone."""
FULL = 1000
"""Messages in one queue. More than relays hand over at once, so no worker is taking them."""
LONGEST = 2.0
"""Seconds that one call of `publish` may take: a slow broker must not hold up the relay."""

BROKEN = (BrokerError, RedisError, OSError)

log = structlog.get_logger(__name__)


class Publisher:
    """Publishes to the broker for one relay."""

    def __init__(self) -> None:
        self._pauses = {queue: Cooldown(PAUSE) for queue in celery.QUEUES}

    def is_paused(self, queue: str) -> bool:
        """Whether to leave this queue alone: the broker just failed, or nobody takes from the queue."""
        return self._pauses[queue].is_on

    def oldest(self, queue: str) -> uuid.UUID | None:
        """The delivery that has been in this queue for longest; None if it is empty, or the broker fails."""
        try:
            with celery.publishing_connection() as broker:
                channel: Any = broker.default_channel
                message: bytes | None = channel.client.lindex(queue, -1)
        except BROKEN as error:
            self._pause(error)
            return None
        return uuid.UUID(json.loads(message)["headers"]["id"]) if message else None

    def publish(self, task: Any, queue: str, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Publish a task for each id; return the ids that were not published.

        An error does not mean "not sent": a failed id may still be in the queue. It is claimed only once.
        """
        if not ids:
            return []
        published = 0
        until = time.monotonic() + LONGEST
        try:
            with celery.publishing_connection() as broker, broker.Producer(auto_declare=False) as producer:
                if self._is_full(broker.default_channel, queue):
                    return list(ids)
                for each in ids:
                    # The task has the delivery's id, so that `oldest` finds it in the queue.
                    args = {"task_id": str(each), "queue": queue, "producer": producer, "retry": False}
                    task.apply_async((str(each),), **args)
                    published += 1
                    if time.monotonic() > until:
                        break
        except BROKEN as error:
            self._pause(error, waiting=len(ids) - published)
        return list(ids[published:])

    def _pause(self, error: Exception, **known: int) -> None:
        for pause in self._pauses.values():
            pause.begin()
        log.warning("relay.broker_down", error=type(error).__name__, **known)

    def _is_full(self, channel: Any, queue: str) -> bool:
        """Without workers a queue grows, because relays hand unclaimed deliveries over again."""
        length: int = channel.client.llen(queue)
        if length < FULL:
            return False
        self._pauses[queue].begin()
        log.error("relay.workers_away", queue=queue, length=length)
        return True
