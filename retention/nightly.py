"""Expiry by a relay, once a day at `EXPIRE_AT_HOUR`; later, if no relay ran then."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from config import database
from retention import run
from retention.models import Expiry


def run_if_due(stopping: Callable[[], bool] = lambda: False) -> None:
    """Let data expire, unless that was done since the last `EXPIRE_AT_HOUR`, or another process is doing it."""
    if not _is_due():
        return
    with database.advisory_lock(database.Lock.EXPIRY) as is_mine:
        if is_mine and _is_due():
            run.run(stopping=stopping)


def _is_due() -> bool:
    state, _made = Expiry.objects.get_or_create(pk=1)
    return state.ended_at < last_hour(timezone.localtime())


def last_hour(now: datetime) -> datetime:
    """The latest time at which the clock showed EXPIRE_AT_HOUR."""
    today = now.replace(hour=settings.EXPIRE_AT_HOUR, minute=0, second=0, microsecond=0)
    return today if today <= now else today - timedelta(days=1)
