"""Waiting until alerts are sent; and how long they waited for the call to the provider, by the database's clock."""

import time
from typing import NamedTuple

from bench.command import Progress
from bench.stack import Stack, StackError

TRIED_SECONDS = 120.0
SETTLED_SECONDS = 300.0
UNFINISHED = "SELECT count(*) FROM alerts_delivery WHERE state IN ('pending', 'sending')"
LOW_WAITING = "SELECT count(*) FROM alerts_delivery WHERE priority = 'L' AND state = 'pending'"
TRIED = """
SELECT greatest(0, %s - count(*)) FROM alerts_alert a JOIN alerts_delivery d ON d.alert_id = a.id
WHERE d.attempt_count > 0 AND a.message_id LIKE %s
"""


class Waits(NamedTuple):
    """Milliseconds from acceptance to the call to the provider (`Attempt.started_at` − `Alert.created_at`)."""

    p50: float
    p95: float
    p99: float
    most: float


def of(stack: Stack, name: str, channel: str = "") -> Waits:
    """Of the alerts whose message_id begins with `name-`, over this channel, or over all."""
    [found] = stack.rows(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waited),"
        " percentile_cont(0.95) WITHIN GROUP (ORDER BY waited),"
        " percentile_cont(0.99) WITHIN GROUP (ORDER BY waited), max(waited) FROM ("
        "  SELECT extract(epoch FROM t.started_at - a.created_at) * 1000 AS waited"
        "  FROM alerts_alert a JOIN alerts_delivery d ON d.alert_id = a.id"
        "  JOIN alerts_attempt t ON t.delivery_id = d.id AND t.number = 1"
        "  WHERE a.message_id LIKE %s AND %s IN (d.channel, '')) AS waits",
        f"{name}-%",
        channel,
    )
    return Waits(*map(float, found))


def until_tried(stack: Stack, name: str, count: int) -> None:
    """Return once so many of these alerts were tried. Raises StackError if that takes too long."""
    if left := left_after(
        TRIED_SECONDS, stack, TRIED, count, f"{name}-%", what="alerts are still to be tried"
    ):
        raise StackError(f"{left} of {count} alerts were not tried in time. {_where(stack)}")


def settle(stack: Stack) -> None:
    """Return once nothing waits or is being sent. Raises StackError if that takes too long."""
    if left := left_after(SETTLED_SECONDS, stack, UNFINISHED):
        raise StackError(f"{left} were not sent in time. {_where(stack)}")


def left_after(
    seconds: float, stack: Stack, query: str, *values: object, what: str = "deliveries are still to be sent"
) -> int:
    """How many are left of what the query counts, once none is or the time is over."""
    progress = Progress()
    while (left := int(stack.rows(query, *values)[0][0])) and progress.elapsed < seconds:
        progress.show(f"{left} {what}")
        time.sleep(0.2)
    return left


def _where(stack: Stack) -> str:
    return f"The output of the processes is in {stack.log}"
