"""Handing ids to Celery within a bounded time: an error is an answer here, and never a wait."""

import uuid
from collections.abc import Sequence
from typing import Any

import structlog
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from alerts.pause import Pause
from config.celery import publishing_connection
from contacts.choices import Priority

QUEUES: dict[Priority, str] = {Priority.HIGH: "urgent", Priority.MEDIUM: "normal", Priority.LOW: "low"}
PAUSE = 2.0
"""Seconds for which a broker that failed is left alone."""

log = structlog.get_logger(__name__)


class Publisher:
    """One relay's way to the broker."""

    def __init__(self) -> None:
        self._pause = Pause(PAUSE)

    def is_resting(self) -> bool:
        """Whether the broker failed a moment ago and is not to be tried yet."""
        return self._pause.is_on

    def publish(self, task: Any, priority: Priority, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
        """Publish a task for each id; return those that were not published.

        An error is not "not sent": the id that failed may be in the queue all the same, and is claimed once only.
        """
        if not ids:
            return []
        published = 0
        try:
            with publishing_connection() as broker, broker.Producer(auto_declare=False) as producer:
                for each in ids:
                    task.apply_async((str(each),), queue=QUEUES[priority], producer=producer, retry=False)
                    published += 1
        except (BrokerError, RedisError, OSError) as error:
            self._pause.begin()
            log.warning("relay.broker_down", error=type(error).__name__, waiting=len(ids) - published)
        return list(ids[published:])
