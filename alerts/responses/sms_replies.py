"""Takes replies to SMS out of their queue: a reply is stored, and then deleted there.

So whoever is killed in between stores nothing twice: the reply comes again, and is known.
"""

import time
from collections.abc import Callable

import structlog

from alerts.channels.queues import Received
from alerts.responses import reply_intake, reply_text
from config import database

HELD_SECONDS = 20.0
"""How long to keep what was received while the database is away: longer, and SQS gives it out again."""
PAUSE = 0.5

log = structlog.get_logger(__name__)


def take(received: Received, stopping: Callable[[], bool]) -> bool:
    """Take a message of the queue. Whether it may be deleted there."""
    reply = reply_text.read(received)
    if reply is None:
        # It would come again and again, and stand before others: what it says is not for a log.
        log.warning("reply.unreadable", size=len(received.body))
        return True
    try:
        _store(reply, stopping)
    except database.AWAY:
        raise
    except Exception:
        # It comes again, and after ten times it is in the queue of what nobody could read.
        log.exception("reply.failed")
        return False
    return True


def _store(reply: reply_text.Reply, stopping: Callable[[], bool]) -> None:
    """Keep it while the database is away: a reply that has to come again comes half a minute later."""
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
