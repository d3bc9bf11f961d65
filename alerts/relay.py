"""The relay: finds what is due in the database and hands it to Celery; recovers what a dead worker left behind.

Any number of relays may run: rows are taken with SKIP LOCKED, and a delivery that is handed over twice is claimed once.
Nothing here is remembered that a restart would lose.
"""

import contextlib
import os
import socket
import threading
import time
import uuid
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import psycopg
import structlog
from django.db import close_old_connections, connection, connections, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.db.utils import InterfaceError, OperationalError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from alerts import delivery, tasks
from alerts.lifecycle import DUE_CHANNEL
from alerts.models import Delivery, RelayHeartbeat
from alerts.states import DeliveryState
from config.celery import publishing_connection
from contacts.choices import Priority

TICK = 1.0
"""Seconds after which the relay looks even when nothing woke it."""
BEAT_EVERY = 3.0
BROKER_PAUSE = 2.0
"""Seconds for which a broker that failed is left alone."""
DIRECT_SENDERS = 8
"""High deliveries that the relay sends at once by itself while the broker is down."""

QUEUES: dict[Priority, str] = {Priority.HIGH: "urgent", Priority.MEDIUM: "normal", Priority.LOW: "low"}
IN_FLIGHT: dict[Priority, int] = {Priority.HIGH: 500, Priority.MEDIUM: 200, Priority.LOW: 100}
"""How many may lie in Celery's queues at once: the backlog waits in the database, where it cannot be lost."""
HAND_OVER_AGAIN: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=5),
    Priority.MEDIUM: timedelta(seconds=30),
    Priority.LOW: timedelta(seconds=60),
}
"""A delivery that no worker claimed by then is handed over again: Redis may have lost it."""

log = structlog.get_logger(__name__)


class Relay:
    """One relay. `run` goes on until `stop` is called, from a signal handler or another thread."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = threading.Event()
        self._broker_rests_until = 0.0
        self._last_beat = 0.0
        self._senders = ThreadPoolExecutor(max_workers=DIRECT_SENDERS, thread_name_prefix="direct")
        self._sending: dict[uuid.UUID, Future[None]] = {}

    def stop(self) -> None:
        """Ask the relay to end after what it is doing now."""
        self._stopping.set()

    def run(self) -> None:
        """Tick on every NOTIFY and at least once a second; wait out a database that is away."""
        log.info("relay.started", relay=self.name)
        while not self._stopping.is_set():
            try:
                self._listen_and_tick()
            except (OperationalError, InterfaceError, psycopg.OperationalError) as error:
                log.warning("relay.database_away", error=type(error).__name__)
                close_old_connections()
                self._stopping.wait(TICK)
        self.close()

    def close(self) -> None:
        """Finish what is being sent, and stop saying that this relay is alive."""
        self._senders.shutdown(wait=True)
        with contextlib.suppress(
            OperationalError, InterfaceError
        ):  # the heartbeat grows stale by itself, too
            RelayHeartbeat.objects.filter(pk=self.name).delete()
        log.info("relay.stopped", relay=self.name)

    def _listen_and_tick(self) -> None:
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
            listener.execute(f"LISTEN {DUE_CHANNEL}")
            while not self._stopping.is_set():
                more = self.tick()
                # One wake-up stands for all that are waiting: the tick that follows sees every row.
                deque(listener.notifies(timeout=0 if more else TICK, stop_after=1), maxlen=0)

    def tick(self) -> bool:
        """Do all that is due now; True where there is more than one tick takes."""
        close_old_connections()
        self._beat()
        delivery.recover_expired()
        results = [self._hand_over(priority) for priority in Priority]
        return any(results)

    def _beat(self) -> None:
        if time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        RelayHeartbeat.objects.update_or_create(relay=self.name, defaults={"beat_at": Now()})
        RelayHeartbeat.objects.filter(beat_at__lt=Now() - timedelta(days=1)).delete()
        self._last_beat = time.monotonic()

    def _hand_over(self, priority: Priority) -> bool:
        """Give what is due to Celery; while the broker is down, send High ourselves. True where there is more."""
        if self._broker_is_resting():
            return (
                self._send_directly(take_due(priority, self._free_senders()))
                if priority is Priority.HIGH
                else False
            )
        taken = take_due(priority, IN_FLIGHT[priority])
        left = self._publish(priority, taken)
        if left:
            give_back(left)
        return bool(taken) and not left

    def _publish(self, priority: Priority, ids: list[uuid.UUID]) -> list[uuid.UUID]:
        """Publish these; return those that were not. An error is not "not sent": a second task for it does no harm."""
        if not ids:
            return []
        published = 0
        try:
            with publishing_connection() as broker, broker.Producer(auto_declare=False) as producer:
                for delivery_id in ids:
                    tasks.deliver.apply_async(
                        (str(delivery_id),), queue=QUEUES[priority], producer=producer, retry=False
                    )
                    published += 1
        except (BrokerError, RedisError, OSError) as error:
            self._broker_rests_until = time.monotonic() + BROKER_PAUSE
            log.warning("relay.broker_down", error=type(error).__name__, waiting=len(ids) - published)
        return ids[published:]

    def _broker_is_resting(self) -> bool:
        return time.monotonic() < self._broker_rests_until

    def _free_senders(self) -> int:
        self._sending = {key: future for key, future in self._sending.items() if not future.done()}
        return DIRECT_SENDERS - len(self._sending)

    def _send_directly(self, ids: list[uuid.UUID]) -> bool:
        for delivery_id in ids:
            self._sending[delivery_id] = self._senders.submit(_deliver_here, delivery_id)
        return bool(ids)


def take_due(priority: Priority, most: int) -> list[uuid.UUID]:
    """Mark due deliveries as handed over, oldest first, so that at most `most` are; return the newly taken ones."""
    lost = Q(handed_over_at__lt=Now() - HAND_OVER_AGAIN[priority])
    pending = Delivery.objects.filter(state=DeliveryState.PENDING, priority=priority)
    with transaction.atomic():
        due = pending.filter(Q(handed_over_at=None) | lost, available_at__lte=Now())
        if most <= 0 or not due.exists():
            return []
        room = most - pending.filter(~lost, handed_over_at__isnull=False).count()
        if room <= 0:
            return []
        rows = due.select_for_update(skip_locked=True).order_by("available_at")[:room]
        ids = list(rows.values_list("pk", flat=True))
        Delivery.objects.filter(pk__in=ids).update(handed_over_at=Now())
    return ids


def give_back(ids: list[uuid.UUID]) -> None:
    """Undo the hand-over of deliveries that nobody has claimed."""
    Delivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(handed_over_at=None)


def _deliver_here(delivery_id: uuid.UUID) -> None:
    try:
        delivery.deliver(delivery_id)
    except Exception:
        # Nobody else would see it; the lease runs out and the delivery is recovered.
        log.exception("relay.direct_delivery_failed", delivery_id=str(delivery_id))
    finally:
        connections.close_all()
