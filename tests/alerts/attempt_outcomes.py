"""Outcomes of attempts, as state and reason, for tests of the breaker."""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import F

from alerts.models import Attempt
from alerts.states import AttemptState, Reason

LOST = (AttemptState.UNKNOWN, Reason.ANSWER_LOST)
UNREACHABLE = (AttemptState.UNSENT, Reason.UNREACHABLE)
DIED = (AttemptState.UNKNOWN, Reason.WORKER_LOST)
SENT = (AttemptState.SENT, "")
THROTTLED = (AttemptState.THROTTLED, Reason.THROTTLED)
REJECTED = (AttemptState.REJECTED, Reason.INVALID_ADDRESS)
MISCONFIGURED = (AttemptState.REJECTED, Reason.MISCONFIGURED)
QUOTA = (AttemptState.UNSENT, Reason.QUOTA)

Record = Callable[..., None]


def let_pass(time: timedelta) -> None:
    """Move every attempt back in time."""
    Attempt.objects.update(started_at=F("started_at") - time)
