"""What a relay does beside its ticks, each in a thread of its own: none of it may hold up an alert."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.utils.module_loading import import_string

from alerts import hooks, refusals
from alerts.monitoring import watchdog
from alerts.relay import queue_reader
from alerts.relay.queue_reader import QueueReader, Take
from alerts.responses import expiry, sms_replies
from alerts.sending import call_events
from alerts.subscriptions import former, reconciling
from alerts.subscriptions.reconciling import Reconciler
from audit import verification
from config import database
from config.periodic import Periodic

CLOSE_SECONDS = 2.0
"""Seconds to wait for each thread. Work that it leaves is done later."""

Stopping = Callable[[], bool]
"""Says whether the relay is ending."""
Works = tuple[Periodic[[]], ...]


class Beside(NamedTuple):
    """Work by when it is started. Without any, a relay does nothing but tick."""

    first: Works = ()
    """At every tick before its own work, and while the database is away."""
    always: Works = ()
    """At every tick. They find out themselves whether there is something to do."""
    subscriptions: Works = ()
    """When a subscription is due."""
    former_addresses: Works = ()
    """When a former address is due."""

    def join(self) -> None:
        """Wait for what still runs."""
        for work in (*self.subscriptions, *self.former_addresses, *self.always):
            work.join(CLOSE_SECONDS)
        for work in self.first:
            work.join(watchdog.CLOSE_SECONDS)


def start(works: Works) -> None:
    """Start what is due and does not run."""
    for work in works:
        work.start_if_due()


def everything(stopping: Stopping) -> Beside:
    """All that a relay does beside its ticks."""
    return Beside(
        first=(watchdog.watchdog(),),
        always=(
            Periodic("refusals", refusals.forget_old, seconds=refusals.FORGET_EVERY),
            Periodic("expiry", expiry.run, seconds=expiry.EVERY),
            Periodic("trail", verification.Watch().run, seconds=verification.EVERY),
            *_added(stopping),
            *_queues(stopping),
        ),
        subscriptions=(
            Periodic("subscriptions", partial(Reconciler().run, stopping), seconds=reconciling.EVERY),
        ),
        former_addresses=(Periodic("former_addresses", partial(former.run, stopping), seconds=former.EVERY),),
    )


def _added(stopping: Stopping) -> list[Periodic[[]]]:
    """The work of apps above this one."""
    return [
        Periodic(each.name, partial(import_string(each.run), stopping), seconds=each.seconds)
        for each in hooks.relay_work
    ]


def _queues(stopping: Stopping) -> list[Periodic[[]]]:
    """The readers of the queues that are set."""
    queues: list[tuple[str, str, Take, int]] = [
        ("replies", settings.SMS_REPLY_QUEUE_URL, sms_replies.take, database.Lock.SMS_REPLIES),
        ("call_events", settings.CONNECT_EVENT_QUEUE_URL, call_events.take, database.Lock.CALL_EVENTS),
    ]
    return [
        Periodic(
            name, partial(QueueReader(name, url, take, lock=lock).run, stopping), seconds=queue_reader.EVERY
        )
        for name, url, take, lock in queues
        if url
    ]
