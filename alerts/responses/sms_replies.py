"""Reads replies to SMS from their queue, beside the relay's work: one relay at a time, in a thread of its own.

A reply is stored, and then deleted from the queue. So whoever is killed in between stores nothing twice: the reply
comes again, and is known.
"""

import time
from collections.abc import Callable

import structlog

from alerts.channels import ChannelError, reply_queue
from alerts.channels.reply_queue import Received
from alerts.cooldown import Cooldown
from alerts.responses import reply_intake, reply_text
from config import database

EVERY = 1.0
"""Seconds: after so long another relay begins where one has stopped."""
LOCK = 0x626C6572
"""The advisory lock of the relay that reads ("bler")."""
AWAY_SECONDS = 2.0
LONGEST_AWAY_SECONDS = 60.0
HELD_SECONDS = 20.0
"""How long to keep what was received while the database is away: longer, and SQS gives it out again."""
PAUSE = 0.5

log = structlog.get_logger(__name__)


class Reader:
    """What one relay does for replies. While AWS is away it asks less and less often, and logs it once."""

    def __init__(self) -> None:
        self._pause = Cooldown(AWAY_SECONDS)
        self._is_away = False

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Read until `stopping`. Nothing if another relay is at it, or AWS was away just now."""
        if self._pause.is_on:
            return
        try:
            with database.advisory_lock(LOCK) as is_mine:
                if is_mine:
                    self._read(stopping)
        except database.AWAY:
            database.forget_session()  # the relay says so

    def _read(self, stopping: Callable[[], bool]) -> None:
        while not stopping():
            try:
                received = reply_queue.receive()
                for each in received:
                    _take(each, stopping)
            except ChannelError as error:
                self._wait(error)
                return
            self._is_back()

    def _wait(self, error: ChannelError) -> None:
        if not self._is_away:
            error.report(log, "replies.aws_away")
        seconds = min(LONGEST_AWAY_SECONDS, self._pause.seconds * 2) if self._is_away else AWAY_SECONDS
        self._pause.seconds, self._is_away = seconds, True
        self._pause.begin()

    def _is_back(self) -> None:
        if self._is_away:
            log.info("replies.aws_back")
        self._is_away = False


def _take(received: Received, stopping: Callable[[], bool]) -> None:
    reply = reply_text.read(received)
    if reply is None:
        # It would come again and again, and stand before others: what it says is not for a log.
        log.warning("reply.unreadable", size=len(received.body))
    else:
        try:
            _store(reply, stopping)
        except database.AWAY:
            raise
        except Exception:
            # It comes again, and after ten times it is in the queue of what nobody could read.
            log.exception("reply.failed")
            return
    reply_queue.delete(received)


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
