"""Takes replies to SMS out of their queue: stores each, and then lets it be deleted there.

If a process dies in between, the reply comes again, is recognised, and is not stored twice.
"""

import time
from collections.abc import Callable

import structlog

from alerts.channels.queues import Received
from alerts.responses import reply_intake, reply_text
from config import database

HELD_SECONDS = 20.0
"""How long to keep a reply while the database is away. After that, SQS delivers it again anyway."""
PAUSE = 0.5

log = structlog.get_logger(__name__)


def take(received: Received, stopping: Callable[[], bool]) -> bool:
    """Take a message of the queue. Returns whether it may be deleted there."""
    reply = reply_text.read(received)
    if reply is None:
        # It would come again and again, and hold up others. Its text must not be logged.
        log.warning("reply.unreadable", size=len(received.body))
        return True
    try:
        _store(reply, stopping)
    except database.AWAY:
        raise
    except Exception:
        # SQS delivers it again. After ten times it moves it to the dead-letter queue.
        log.exception("reply.failed")
        return False
    return True


def _store(reply: reply_text.Reply, stopping: Callable[[], bool]) -> None:
    """Try again while the database is away: SQS would deliver it only half a minute later."""
    until = time.monotonic() + HELD_SECONDS
    while True:
        try:
            reply_intake.take(reply)
        except database.AWAY:
            if stopping() or time.monotonic() > until:
                raise
            database.forget_session()
            time.sleep(PAUSE)
        else:
            return
