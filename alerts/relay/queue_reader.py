"""Reads a queue beside the relay's work: one relay at a time, in a thread of its own.

Each message is dealt with first and deleted then. So a kill in between loses nothing: the message comes again.
"""

from collections.abc import Callable

import structlog
from django.db import connection

from alerts.channels import ChannelError, queues
from alerts.channels.queues import Received
from alerts.cooldown import Cooldown
from config import database

EVERY = 5.0
"""Seconds between two tries to become the reader. Each opens a session."""
AWAY_SECONDS = 2.0
LONGEST_AWAY_SECONDS = 60.0

Take = Callable[[Received, Callable[[], bool]], bool]
"""Deals with a message, and returns whether to delete it; otherwise it comes again. `stopping` says whether the relay
is ending."""

log = structlog.get_logger(__name__)


class QueueReader:
    """Reads one queue for one relay. While AWS is away it asks less and less often, and logs that once."""

    def __init__(self, name: str, url: str, take: Take, *, lock: int) -> None:
        """`name` is for the log. `lock` is the advisory lock that lets only one relay read."""
        self._name = name
        self._url = url
        self._take = take
        self._lock = lock
        self._pause = Cooldown(AWAY_SECONDS)
        self._is_away = False

    def run(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Read until `stopping`. Do nothing if another relay reads, or AWS has just been away."""
        if self._pause.is_on:
            return
        try:
            with database.advisory_lock(self._lock) as is_mine:
                if is_mine:
                    self._read(stopping)
        except database.AWAY:
            database.forget_session()  # the relay logs that

    def _read(self, stopping: Callable[[], bool]) -> None:
        session = connection.connection
        while not stopping():
            if connection.connection is not session or not connection.is_usable():
                return  # the session has taken the lock with it: another relay may be reading
            try:
                for each in queues.receive(self._url):
                    if self._take(each, stopping):
                        queues.delete(self._url, each)
            except ChannelError as error:
                self._wait(error)
                return
            self._is_back()

    def _wait(self, error: ChannelError) -> None:
        if not self._is_away:
            error.report(log, "queue.aws_away", queue=self._name)
        seconds = min(LONGEST_AWAY_SECONDS, self._pause.seconds * 2) if self._is_away else AWAY_SECONDS
        self._pause.seconds, self._is_away = seconds, True
        self._pause.begin()

    def _is_back(self) -> None:
        if self._is_away:
            log.info("queue.aws_back", queue=self._name)
        self._is_away = False
