"""The relay: finds what is due in the database and hands it to Celery; recovers what a dead worker left behind.

Any number of relays may run: rows are taken with SKIP LOCKED, and a delivery that is handed over twice is claimed once.
Nothing here is remembered that a restart would lose.
"""

import contextlib
import os
import socket
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import psycopg
import structlog
from django.db import close_old_connections, connection, connections, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.db.utils import InterfaceError, InternalError, OperationalError

from alerts import tasks
from alerts.deliveries.lifecycle import DUE_CHANNEL
from alerts.models import Delivery, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.monitoring import watchdog
from alerts.relay.publishing import QUEUES, Publisher
from alerts.sending import outcomes, send
from alerts.states import DeliveryState
from config.celery import QUESTIONS
from config.periodic import Periodic
from contacts.choices import Priority

TICK = 1.0
"""Seconds after which the relay looks even when nothing woke it."""
HEARTBEAT_SECONDS = 3.0
DIRECT_SENDERS = 8
"""High deliveries that the relay sends at once by itself while the broker is down."""
DIRECT_ASKERS = 4
"""How many of these senders may be at questions instead: a provider that hangs at them leaves the rest to sending."""
OUTCOMES_AT_ONCE = 50
"""Questions handed out in one tick."""
IN_FLIGHT: dict[Priority, int] = {Priority.HIGH: 500, Priority.MEDIUM: 200, Priority.LOW: 100}
"""How many may lie in Celery's queues at once: the backlog waits in the database, where it cannot be lost."""
HAND_OVER_AGAIN: dict[Priority, timedelta] = {
    Priority.HIGH: timedelta(seconds=5),
    Priority.MEDIUM: timedelta(seconds=30),
    Priority.LOW: timedelta(seconds=60),
}
"""A delivery that no worker claimed by then is handed over again: Redis may have lost it."""

AWAY = (OperationalError, InterfaceError, InternalError, psycopg.OperationalError)
"""What a database raises that is away, or that has become one which only reads."""

log = structlog.get_logger(__name__)


class Relay:
    """One relay. `run` goes on until `stop` is called, from a signal handler or another thread."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = False  # an Event's lock must not be taken in a signal handler
        self._publisher = Publisher()
        self._senders = ThreadPoolExecutor(max_workers=DIRECT_SENDERS, thread_name_prefix="direct")
        self._sending: list[Future[None]] = []
        self._asking: list[Future[None]] = []
        self._has_reported = False
        self._heartbeat = Periodic("heartbeat", self._report, seconds=HEARTBEAT_SECONDS)
        self._watchdog = watchdog.watchdog()

    def stop(self) -> None:
        """Ask the relay to end after what it is doing now."""
        self._stopping = True

    def run(self) -> None:
        """Tick on every NOTIFY and at least once a second; wait out a database that is away."""
        log.info("relay.started", relay=self.name)
        while not self._stopping:
            try:
                self._listen_and_tick()
            except AWAY as error:
                log.warning("relay.database_away", error=type(error).__name__)
                connection.close()
                time.sleep(TICK)
        self.close()

    def close(self) -> None:
        """Finish what is being sent, and stop saying that this relay is alive."""
        self._senders.shutdown(wait=True)
        self._watchdog.join(watchdog.CLOSE_SECONDS)
        with contextlib.suppress(*AWAY):  # the heartbeat grows stale by itself, too
            RelayHeartbeat.objects.filter(pk=self.name).delete()
        log.info("relay.stopped", relay=self.name)

    def _listen_and_tick(self) -> None:
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
            listener.execute(f"LISTEN {DUE_CHANNEL}")
            while not self._stopping:
                more = self.tick()
                # One wake-up stands for all that are waiting: the tick that follows sees every row.
                deque(listener.notifies(timeout=0 if more else TICK, stop_after=1), maxlen=0)

    def tick(self) -> bool:
        """Do all that is due now; True where there is more than one tick takes."""
        close_old_connections()
        self._heartbeat.run_if_due()
        results = [self._hand_over(priority) for priority in Priority]
        send.recover_expired()
        self._ask_outcomes()
        self._watchdog.start_if_due()
        return any(results)

    def _report(self) -> None:
        """Write that this relay is at work."""
        now = {"beat_at": Now()}
        if not self._has_reported:  # one of the same name that was killed has left its row
            now["started_at"] = Now()
        RelayHeartbeat.objects.update_or_create(relay=self.name, defaults=now)
        RelayHeartbeat.objects.stale().delete()
        self._has_reported = True

    def _hand_over(self, priority: Priority) -> bool:
        """Give what is due to Celery; what is High and finds no worker, send ourselves. True where there is more."""
        urgent = priority is Priority.HIGH
        if self._publisher.is_resting(QUEUES[priority]):
            return urgent and self._send_directly(Q())
        if urgent:
            # Once is enough: it was handed over before, and no worker has claimed it.
            self._send_directly(handed_over_in_vain(priority))
        taken = take_due(priority, IN_FLIGHT[priority] - count_in_flight(priority))
        left = self._publisher.publish(tasks.deliver, QUEUES[priority], taken)
        if left:
            give_back(left)
        return bool(taken) and not left

    def _ask_outcomes(self) -> None:
        """Have the providers asked what became of accepted messages: by a worker, or here while none is there."""
        # Not among the urgent: a provider that hangs at questions must not hold up what is to be sent.
        others = WorkerHeartbeat.objects.fresh().filter(kind=WorkerKind.OTHERS)
        alone = self._publisher.is_resting(QUESTIONS) or not others.exists()
        ids = outcomes.take_due(self._free_askers() if alone else OUTCOMES_AT_ONCE)
        left = ids if alone else self._publisher.publish(tasks.ask_outcome, QUESTIONS, ids)
        here = self._free_askers()
        self._asking += [self._submit(outcomes.ask, pk) for pk in left[:here]]
        outcomes.give_back(left[here:])

    def _free_senders(self) -> int:
        self._sending = [future for future in self._sending if not future.done()]
        self._asking = [future for future in self._asking if not future.done()]
        return DIRECT_SENDERS - len(self._sending) - len(self._asking)

    def _free_askers(self) -> int:
        free = self._free_senders()
        return min(free, DIRECT_ASKERS - len(self._asking))

    def _send_directly(self, which: Q) -> bool:
        taken = take_due(Priority.HIGH, self._free_senders(), which)
        if taken:
            log.warning("relay.sends_directly", count=len(taken))
            RelayHeartbeat.objects.filter(pk=self.name).update(sent_itself_at=Now())
        self._sending += [self._submit(send.deliver, pk) for pk in taken]
        return bool(taken)

    def _submit(self, work: Callable[[uuid.UUID], None], pk: uuid.UUID) -> Future[None]:
        return self._senders.submit(_do_here, work, pk)


def handed_over_in_vain(priority: Priority) -> Q:
    """Deliveries that were handed over so long ago that no worker will claim them: Redis, or a worker, lost them."""
    return Q(handed_over_at__lt=Now() - HAND_OVER_AGAIN[priority])


def count_in_flight(priority: Priority) -> int:
    """How many were handed over and may still be claimed."""
    # As a range, which the index of what is handed over serves: the backlog may be a thousand times as long.
    return _pending(priority).filter(handed_over_at__gte=Now() - HAND_OVER_AGAIN[priority]).count()


def take_due(priority: Priority, most: int, which: Q | None = None) -> list[uuid.UUID]:
    """Mark due deliveries as handed over, oldest first and `most` at the most; return them."""
    free = Q(handed_over_at=None) | handed_over_in_vain(priority)
    due = _pending(priority).filter(free, which or Q(), available_at__lte=Now())
    if most <= 0:
        return []
    with transaction.atomic():
        rows = due.select_for_update(skip_locked=True).order_by("available_at")[:most]
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            Delivery.objects.filter(pk__in=ids).update(handed_over_at=Now())
    return ids


def _pending(priority: Priority) -> QuerySet[Delivery]:
    return Delivery.objects.filter(state=DeliveryState.PENDING, priority=priority)


def give_back(ids: list[uuid.UUID]) -> None:
    """Undo the hand-over of deliveries that nobody has claimed."""
    Delivery.objects.filter(pk__in=ids, state=DeliveryState.PENDING).update(handed_over_at=None)


def _do_here(work: Callable[[uuid.UUID], None], pk: uuid.UUID) -> None:
    try:
        work(pk)
    except Exception:
        # Nobody else would see it; the lease runs out and the delivery is recovered.
        log.exception("relay.direct_work_failed", delivery_id=str(pk))
    finally:
        connections.close_all()
