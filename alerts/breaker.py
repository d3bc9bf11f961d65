"""Whether a channel's provider is down: then it is left in peace but for a probe, and High takes another channel.

The ledger says it: no state is kept beside it that could disagree, and all workers see the same.
"""

import threading
import time
from datetime import timedelta

from django.db.models.functions import Now

from alerts.models import Attempt
from alerts.states import AttemptState, Reason
from contacts.choices import Channel

FAILURES = 5
"""So many attempts in a row, the newest ones, that did not get through to the provider."""
WITHIN = timedelta(seconds=60)
"""Older attempts say nothing of the provider now."""
PROBE_EVERY = timedelta(seconds=5)
"""While the provider is down one delivery in this time is tried all the same; its success closes the breaker."""
LOOK_EVERY = 1.0
"""Seconds for which a process goes by what it saw."""

OUTAGE = frozenset({Reason.ANSWER_LOST, Reason.UNREACHABLE})
"""What an attempt fails for when the provider is down, and not when an address or a setting is wrong."""


class _Breaker:
    """One process's view of one channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._down = False

    def is_open(self) -> bool:
        with self._lock:
            if time.monotonic() - self._looked_at >= LOOK_EVERY:
                self._looked_at = time.monotonic()
                self._down = is_down(self._channel)
            if not self._down:
                return False
            if _was_tried_lately(self._channel):
                return True
            # This one is the probe; the process's other threads wait for what becomes of it.
            self._down, self._looked_at = True, time.monotonic()
            return False


def is_down(channel: Channel) -> bool:
    """Whether the newest attempts over a channel all failed for want of an answer. One query."""
    finished = Attempt.objects.exclude(state=AttemptState.CALLING)
    newest = finished.filter(delivery__channel=channel, started_at__gt=Now() - WITHIN).order_by("-started_at")
    reasons = list(newest.values_list("reason", flat=True)[:FAILURES])
    return len(reasons) == FAILURES and all(reason in OUTAGE for reason in reasons)


def _was_tried_lately(channel: Channel) -> bool:
    return Attempt.objects.filter(delivery__channel=channel, started_at__gt=Now() - PROBE_EVERY).exists()


def is_open(channel: Channel) -> bool:
    """Whether the channel is to be left alone at this moment."""
    return _breakers[channel].is_open()


_breakers = {channel: _Breaker(channel) for channel in Channel}
