"""The relay: hands due deliveries to Celery, and settles deliveries whose worker died.

Any number of relays may run: they take rows with SKIP LOCKED, and a delivery handed over twice is claimed once. A relay
keeps no state that a restart would lose.
"""

import contextlib
import math
import os
import socket
import time
import uuid
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from django.db import close_old_connections, connection, connections
from django.db.models.functions import Now

from alerts import tasks
from alerts.deliveries import claims
from alerts.deliveries.opening import DUE_CHANNEL
from alerts.escalation import clock_correction as waits, steps
from alerts.models import RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.monitoring import heartbeats
from alerts.relay import due
from alerts.relay.beside import Beside, Stopping, everything, start
from alerts.relay.publishing import QUEUES, Publisher
from alerts.sending import clock_correction, outcomes, send
from config import database, statements, tracing
from config.celery import QUESTIONS
from config.outages import Outage
from config.periodic import Periodic
from contacts.choices import Priority

TICK = 1.0
"""The relay looks at least this often, in seconds, even when nothing wakes it."""
PAUSE = 0.02
"""Seconds between two ticks while it is woken all the time. Alerts that come in between are handed over together."""
WITHOUT_ROOM = 0.1
"""Seconds until the relay looks again where more is due than a queue had room for."""
IN_ONE_TASK: dict[Priority, int] = {Priority.HIGH: 1, Priority.MEDIUM: 4, Priority.LOW: 4}
"""The most deliveries in one task. A task sends them one after the other, so each High delivery has a task of its
own."""
TASKS = 16
"""From this many deliveries on, a task takes several: a worker has as many threads."""
HEARTBEAT_SECONDS = 3.0
BEAT = """
UPDATE alerts_relayheartbeat SET beat_at = statement_timestamp(), clock_offset_seconds = %(offset)s
WHERE relay = %(relay)s RETURNING relay
"""
"""Writes every heartbeat but the first. Nothing is deleted then, and the ORM builds no statement for it."""
WORKER_BEATS = timedelta(seconds=heartbeats.SECONDS + 2)
DIRECT_SENDERS = 8
"""How many High deliveries the relay sends itself at once while the broker is down."""
DIRECT_ASKERS = 4
"""How many of these threads may ask for outcomes: if the provider hangs, the others are free to send."""
OUTCOMES_AT_ONCE = 50
"""How many outcomes are asked for in one tick."""
AWAY = (*database.AWAY, psycopg.OperationalError)
"""Errors of a database that is away. Psycopg's own comes from the listener, which has a connection of its own."""

OUTAGE = Outage(begins="relay.database_away", ends="relay.database_back")

log = structlog.get_logger(__name__)


class Relay:
    """One relay. `run` returns after `stop`, which a signal handler or another thread calls."""

    def __init__(self, beside: Callable[[Stopping], Beside] = everything) -> None:
        """`beside` gives what this relay does beside its ticks."""
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._stopping = False  # an Event's lock must not be taken in a signal handler
        self._publisher = Publisher()
        self._in_flight = {priority: due.InFlight(priority) for priority in Priority}
        self._senders = ThreadPoolExecutor(max_workers=DIRECT_SENDERS, thread_name_prefix="direct")
        self._sending: list[Future[None]] = []
        self._asking: list[Future[None]] = []
        self._has_reported = False
        self._helps_since: float | None = None
        self._heartbeat = Periodic("heartbeat", self._report, seconds=HEARTBEAT_SECONDS)
        self._clock = Periodic("clock", _correct_dates, seconds=clock_correction.EVERY)
        self._beside = beside(lambda: self._stopping)

    def stop(self) -> None:
        """Ask the relay to end after its current work."""
        self._stopping = True

    def run(self) -> None:
        """Tick on every NOTIFY and at least once a second. Wait while the database is away."""
        log.info("relay.started", relay=self.name)
        while not self._stopping:
            start(self._beside.first)  # a relay must still look for work if the rest cannot begin
            try:
                self._listen_and_tick()
            except AWAY as error:
                OUTAGE.failed(None, type(error).__name__)
                database.forget_session()
                time.sleep(TICK)
        self.close()

    def close(self) -> None:
        """Finish sending, and delete the heartbeat."""
        self._senders.shutdown(wait=True)
        self._publisher.close()
        self._stopping = True
        self._beside.join()
        with contextlib.suppress(*AWAY):  # the heartbeat also expires by itself
            RelayHeartbeat.objects.filter(pk=self.name).delete()
        log.info("relay.stopped", relay=self.name)

    def _listen_and_tick(self) -> None:
        with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
            leads = False
            while not self._stopping:
                leads = leads or self._lead(listener)
                began = time.monotonic()
                seconds = self.tick()
                OUTAGE.works()
                self._wait(listener, began, seconds)

    def _lead(self, listener: psycopg.Connection[Any]) -> bool:
        """Begin to listen, if no other relay does: waking all of them for each alert would only be more work.

        The other relays look every second, so a relay that hangs holds nothing up. The lock ends with its session.
        """
        found = listener.execute("SELECT pg_try_advisory_lock(%s)", [database.Lock.LEADER]).fetchone()
        if not (found and found[0]):
            return False
        listener.execute(f"LISTEN {DUE_CHANNEL}")
        log.info("relay.leads", relay=self.name)
        return True

    def _wait(self, listener: psycopg.Connection[Any], began: float, seconds: float) -> None:
        """Wait for a wake-up, at most this long, and at least until `PAUSE` has passed since the last tick began."""
        if seconds:
            # One wake-up stands for all: the next tick sees every row.
            deque(listener.notifies(timeout=seconds, stop_after=1), maxlen=0)
        time.sleep(max(0.0, began + PAUSE - time.monotonic()))

    def tick(self) -> float:
        """Do everything that is due. Returns how many seconds the next tick can wait, if nothing wakes the relay."""
        start(self._beside.first)  # before anything that can raise
        close_old_connections()
        self._heartbeat.run_if_due()
        self._clock.run_if_due()
        start(self._beside.always)
        self._publisher.look_again()
        work = due.look()
        if work.steps:
            steps.take_up_due()
        if work.subscriptions:
            start(self._beside.subscriptions)
        if work.former_addresses:
            start(self._beside.former_addresses)
        waits = [self._hand_over(priority, work.waiting[priority]) for priority in Priority]
        if work.expired:
            send.recover_expired()
        if work.outcomes:
            self._ask_outcomes()
        return min(waits)

    def _report(self) -> None:
        """Write this relay's heartbeat. With the first one, delete those of relays that are long gone."""
        offset = heartbeats.clock_offset()
        if self._has_reported and statements.prepared_rows(BEAT, {"relay": self.name, "offset": offset}):
            return
        beat = RelayHeartbeat(relay=self.name, beat_at=Now(), clock_offset_seconds=offset, started_at=Now())
        RelayHeartbeat.objects.bulk_create(
            [beat],
            update_conflicts=True,  # a killed relay of the same name has left its row
            unique_fields=["relay"],
            update_fields=["beat_at", "clock_offset_seconds", "started_at"],
        )
        RelayHeartbeat.objects.stale().delete()
        self._has_reported = True

    def _hand_over(self, priority: Priority, waiting: due.Waiting) -> float:
        """Hand due deliveries to Celery. Send High ones here if no worker takes them. Returns the seconds as `tick`
        does.
        """
        urgent = priority is Priority.HIGH
        queue = QUEUES[priority]
        in_flight = self._in_flight[priority]
        if self._publisher.is_paused(queue):
            return 0.0 if urgent and self._send_directly(in_flight.free) else TICK
        in_flight.look(waiting, lambda: self._publisher.oldest(queue))
        if urgent and waiting.age > due.UNCLAIMED:
            self._send_directly(in_flight.unclaimed)
        if not waiting.due and waiting.age <= due.HAND_OVER_AGAIN[priority]:
            in_flight.took(0)
            return TICK
        taken = due.take(priority, in_flight.room, which=in_flight.free)
        begun = tracing.now()
        in_one = min(IN_ONE_TASK[priority], math.ceil(len(taken) / TASKS))
        left = self._publisher.publish(tasks.deliver, queue, taken, at_most=in_one)
        in_flight.took(len(taken) - len(left))
        if left:
            claims.give_back(left)
        due.trace(taken[: len(taken) - len(left)], queue=queue, since=begun)
        if left:
            return TICK
        return 0.0 if taken else WITHOUT_ROOM

    def _ask_outcomes(self) -> None:
        """Let workers ask the providers what became of sent messages. Ask here if there is no worker."""
        # Not on the urgent queue: a provider that hangs must not hold up sending.
        others = WorkerHeartbeat.objects.fresh().filter(kind=WorkerKind.OTHERS)
        alone = self._publisher.is_paused(QUESTIONS) or not others.exists()
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

    def _send_directly(self, which: due.Which) -> bool:
        """Send High deliveries here. The heartbeat reports that if no worker is at work, but not if they are busy."""
        taken = due.take(Priority.HIGH, self._free_senders(), which=which)
        if taken:
            log.warning("relay.sends_directly", count=len(taken))
            if self._is_alone():
                RelayHeartbeat.objects.filter(pk=self.name).update(sent_itself_at=Now())
        self._sending += [self._submit(send.deliver, pk) for pk in taken]
        return bool(taken)

    def _is_alone(self) -> bool:
        """Whether no worker is at work, nor has been since the relay began to help.

        A worker that has just started reports with its next heartbeat.
        """
        now = time.monotonic()
        self._helps_since = self._helps_since or now
        helps_for = timedelta(seconds=now - self._helps_since)
        if WorkerHeartbeat.is_at_work(WorkerKind.URGENT, within=max(helps_for, WorkerHeartbeat.AT_WORK)):
            self._helps_since = None
            return False
        beats = WorkerHeartbeat.objects.filter(kind=WorkerKind.URGENT, beat_at__gt=Now() - 2 * WORKER_BEATS)
        return now - self._helps_since > WORKER_BEATS.total_seconds() or not beats.exists()

    def _submit(self, work: Callable[[uuid.UUID], None], pk: uuid.UUID) -> Future[None]:
        return self._senders.submit(_do_here, work, pk)


def _correct_dates() -> None:
    """Correct dates that the database wrote before its clock was set back."""
    clock_correction.correct()
    waits.correct()


def _do_here(work: Callable[[uuid.UUID], None], pk: uuid.UUID) -> None:
    try:
        work(pk)
    except Exception:
        # Nobody else would see this error. The lease runs out, and then the delivery is recovered.
        log.exception("relay.direct_work_failed", delivery_id=str(pk))
    finally:
        connections.close_all()
