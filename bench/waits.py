"""How long alerts waited for the call to the provider, by the database's clock."""

import time
from typing import NamedTuple

from bench.command import Progress
from bench.stack import Stack, StackError

TRIED_SECONDS = 120.0


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
    progress = Progress()
    while (tried := _tried(stack, name)) < count:
        progress.show(f"{tried} of {count} were tried")
        if progress.elapsed > TRIED_SECONDS:
            raise StackError(
                f"After {TRIED_SECONDS:.0f} s {tried} of {count} alerts were tried. The output of the processes is in"
                f" {stack.log}"
            )
        time.sleep(0.2)


def _tried(stack: Stack, name: str) -> int:
    [(count,)] = stack.rows(
        "SELECT count(*) FROM alerts_alert a JOIN alerts_delivery d ON d.alert_id = a.id"
        " WHERE d.attempt_count > 0 AND a.message_id LIKE %s",
        f"{name}-%",
    )
    return int(count)
