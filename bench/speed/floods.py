"""A backlog of Low: how fast it drains, and how long High waits beside it, and on an idle machine.

pgbench stores the backlog, as it does for the floor, so that all of it is there before it drains.
"""

import time
from collections.abc import Sequence

from bench import waits
from bench.load.connections import Load
from bench.load.people import Person, alert
from bench.speed import stand_in
from bench.speed.figures import Figure
from bench.speed.floor import Floor
from bench.stack import Stack

WORKER = "worker"
"""Who sends Low."""
LATENCY = 0.05
"""Seconds that the provider takes for an answer while the backlog drains."""
HIGH_PER_SECOND = 10
STORING = 8
"""Connections that store the backlog."""
RATE = """
SELECT count(*) / extract(epoch FROM max(finished_at) - min(finished_at)) FROM (
    SELECT t.finished_at, percent_rank() OVER (ORDER BY t.finished_at) AS rank
    FROM alerts_attempt t JOIN alerts_delivery d ON d.id = t.delivery_id JOIN alerts_alert a ON a.id = d.alert_id
    WHERE a.message_id LIKE %s AND t.finished_at IS NOT NULL
) AS ended WHERE rank BETWEEN 0.1 AND 0.9
"""
"""Recorded answers in a second, without those at the beginning and the end."""


def drain(stack: Stack, people: Sequence[Person], *, low: int, most: float) -> list[Figure]:
    """How fast a backlog of Low is sent by SMS, and how close that is to the best that the worker's slots can do.

    It is watched for `most` seconds at most.
    """
    slots = _slots(stack)
    stack.stop(WORKER)
    _store_low(stack, people, "drain", low)
    capacity = stand_in.capacity(stack)
    stack.misbehave({"operation": "*", "kind": "delay", "seconds": LATENCY})
    stack.start(WORKER)
    stack.wait_until_ready()
    waits.left_after(most, stack, waits.LOW_WAITING, what="Low are still to be sent")
    stack.misbehave()
    [(found,)] = stack.rows(RATE, "drain-%")
    rate = float(found or 0)
    return [
        Figure("drain", f"{low:,} Low drain, the provider takes {1000 * LATENCY:.0f} ms", rate, "a second"),
        Figure("drain_against_slots", f"  of what {slots} slots can do", 100 * rate * LATENCY / slots, "%"),
        Figure("stand_in", "  (what the stand-in for AWS can answer by itself)", capacity, "a second"),
    ]


def high_alone(stack: Stack, people: Sequence[Person], *, seconds: int) -> list[Figure]:
    """How long High waits for the call to the provider if there is nothing else to do."""
    _send_high(stack, people, "warm", 2)
    found = _send_high(stack, people, "alone", seconds)
    return [
        Figure(
            "high_idle_p50",
            f"High at {HIGH_PER_SECOND} a second: taken → provider called, p50",
            found.p50,
            "ms",
        ),
        Figure("high_idle_p99", "  p99", found.p99, "ms"),
    ]


def high_in_storm(
    stack: Stack, of_high: Sequence[Person], of_low: Sequence[Person], *, low: int, seconds: int
) -> list[Figure]:
    """The same beside a backlog of Low, which drains as fast as it can. Nothing if the backlog drained too soon."""
    _store_low(stack, of_low, "storm", low)
    time.sleep(1.0)  # the relays have seen it
    found = _send_high(stack, of_high, "storm-high", seconds)
    if not stack.rows(waits.LOW_WAITING)[0][0]:
        print("No Low was waiting any more when the last High was sent, so High in a flood was not measured.")
        return []
    return [
        Figure("high_storm_p50", f"the same while {low:,} Low drain, p50", found.p50, "ms"),
        Figure("high_storm_p95", "  p95", found.p95, "ms"),
    ]


def _store_low(stack: Stack, people: Sequence[Person], name: str, count: int) -> None:
    Floor(stack, people, name=name, priorities="LLL").rate(clients=STORING, transactions=count)


def _send_high(stack: Stack, people: Sequence[Person], name: str, seconds: int) -> waits.Waits:
    bodies = [
        alert(f"{name}-{n}", people[n % len(people)].contact_id, "H")
        for n in range(seconds * HIGH_PER_SECOND)
    ]
    Load(stack.address).post_steadily(bodies, HIGH_PER_SECOND)
    waits.until_tried(stack, name, len(bodies))
    return waits.of(stack, name)


def _slots(stack: Stack) -> int:
    """How many deliveries the worker sends at once, by its command."""
    command = stack.family(WORKER)[0].cmdline()
    return int(command[command.index("-c") + 1])
