"""Celery carries the ids of due deliveries from the relay to the workers, and nothing else.

The database decides what is due and who may send it. If Redis loses, repeats or delays a message, only the time
changes. These values held up under faults: a hung Redis blocks for 0.4 s, and a killed worker's message comes back in
seconds. Celery's retry, ETA and countdown are not used: beyond the visibility timeout they run a task several times.
Nor are its time limits, which do not stop a thread: the timeouts of its calls and its own deadline bound a send
(`docs/decisions/0008-threads-for-workers.md`).
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from celery import Celery, signals
from django.conf import settings
from kombu import Connection, Exchange, Queue
from kombu.transport import redis as transport
from redis.exceptions import ConnectionError as RedisConnectionError

from config import checks, outages, tracing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

URGENT, NORMAL, LOW = "urgent", "normal", "low"
QUESTIONS = "questions"
"""Questions about messages that were sent. They come before normal and low: an answer may open a channel again."""
QUEUES = (URGENT, NORMAL, LOW, QUESTIONS)
"""`deploy/entrypoint` says which worker takes from which queue."""


class RedisChannel(transport.Channel):
    """Keeps its client. Raises a connection error if the connection is gone, where kombu's raises AttributeError.

    This happens when Redis goes away while a worker holds messages that it then puts back or acknowledges. Celery waits
    until a connection error is over, but an AttributeError ends the worker. The messages need neither: unclaimed
    deliveries are handed over again, and claimed ones are not claimed twice.
    """

    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: FBT001, FBT002 - kombu's
        """kombu makes a client for each command, which costs as much as the command. This keeps one for each pool."""
        if asynchronous:
            return super()._create_client(asynchronous)  # type: ignore[misc]
        if self._kept is None or self._kept.connection_pool is not self.pool:
            self._kept = super()._create_client()  # type: ignore[misc]
        return self._kept

    @contextlib.contextmanager
    def conn_or_acquire(self, client: Any = None) -> Iterator[Any]:
        connection: Any = self.connection
        if not client and (connection is None or connection.client is None):
            raise RedisConnectionError("The connection of this channel is closed.")
        with super().conn_or_acquire(client) as found:
            yield found


transport.Transport.Channel = RedisChannel

app = Celery("bleep")
app.conf.update(
    broker_url=settings.REDIS_URL,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # Replies such as READONLY and OOM are channel errors to kombu. They are as temporary as a lost connection.
    broker_channel_error_retry=True,
    broker_transport_options={
        "visibility_timeout": 120,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_timeout": 10,
        "socket_connect_timeout": 3,
        "queue_order_strategy": "priority",
        "max_connections": 100,
    },
    # In full: a bare Queue would be bound under the default queue's key, which is the same for all.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    task_create_missing_queues=False,
    task_default_queue=LOW,
    task_acks_late=True,
    task_reject_on_worker_lost=False,
    task_ignore_result=True,
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_hijack_root_logger=False,
    # Otherwise Celery closes the database connection after every task (3.2 times slower).
    CELERY_DB_REUSE_MAX=1_000_000,
)
app.autodiscover_tasks()


def publishing_connection() -> Connection:
    """A broker connection for the relay that fails within 0.4 s instead of waiting."""
    bounded = {"socket_timeout": 0.2, "socket_connect_timeout": 0.2, "max_retries": 0}
    intervals = {"interval_start": 0, "interval_step": 0, "interval_max": 0}
    return app.connection_for_write(transport_options={**bounded, **intervals})


@signals.worker_init.connect
def refuse_a_broken_configuration(**_kwargs: Any) -> None:
    """Stop a worker that could send nothing: Celery runs Django's checks, but ignores their findings."""
    checks.refuse_a_broken_configuration()


@signals.worker_init.connect
def trace(**_kwargs: Any) -> None:
    """Begin traces, if they are on."""
    tracing.start()


@signals.heartbeat_sent.connect
def note_that_redis_works(**_kwargs: Any) -> None:
    """Write the heartbeat. Celery sends this while its loop runs and is connected."""
    outages.REDIS.works()


@signals.setup_logging.connect
def keep_django_logging(**_kwargs: Any) -> None:
    """Do nothing: with a receiver here Celery does not set up its own logging, and Django's stays."""
