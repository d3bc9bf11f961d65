"""`make bench`: every figure of docs/performance.md in one run, beside its goal.

One Bleep is started, as it is deployed, with a PostgreSQL and a Redis of its own. A goal that is not met is no failure.
"""

import argparse
import json
import os
from pathlib import Path
from typing import NamedTuple

from bench.command import conclude
from bench.load.people import SMS, SPREAD, Person, by_channel, load
from bench.report import table
from bench.speed import costs, floods, machine, taking
from bench.speed.figures import HEAD, Figure, as_json, rows
from bench.stack import AS_DEPLOYED, PARTS, Stack
from bench.storm import VARIABLES

FILE = Path(__file__).resolve().parents[2] / "bench-results.json"
MIXED = [Person(number, SPREAD) for number in range(1, 51)]
BY_SMS = [Person(number, SMS) for number in range(51, 101)]
BY_CHANNEL = by_channel(101, 60)


class Size(NamedTuple):
    """How much is measured."""

    rounds: int
    requests: int
    """In each round."""
    cost_alerts: int
    idle_seconds: float
    drain_low: int
    storm_low: int
    high_seconds: int


SIZES = {
    "full": Size(
        rounds=5,
        requests=1000,
        cost_alerts=1000,
        idle_seconds=30.0,
        drain_low=5000,
        storm_low=10_000,
        high_seconds=30,
    ),
    "quick": Size(
        rounds=2,
        requests=400,
        cost_alerts=400,
        idle_seconds=10.0,
        drain_low=1500,
        storm_low=3000,
        high_seconds=10,
    ),
    "trial": Size(
        rounds=1, requests=64, cost_alerts=30, idle_seconds=2.0, drain_low=100, storm_low=300, high_seconds=2
    ),
}
"""A trial shows that everything is measured; its figures mean nothing."""


class Run:
    """What one run has measured so far."""

    def __init__(self, stack: Stack, size: Size) -> None:
        self.figures: list[Figure] = []
        self._stack = stack
        self._size = size

    def take(self) -> None:
        """How fast alerts are taken. Nothing delivers meanwhile."""
        size = self._size
        measured = taking.Taking(self._stack, MIXED)
        measured.rounds(connections=taking.CONNECTIONS, requests=size.requests // 2, rounds=1)  # warm
        samples = measured.rounds(connections=taking.CONNECTIONS, requests=size.requests, rounds=size.rounds)
        self.figures += taking.figures(samples)

    def deliver(self) -> None:
        """What alerts cost, and what Bleep costs without any."""
        self._stack.rows("TRUNCATE alerts_alert CASCADE")
        self._stack.add([part for part in PARTS if part not in self._stack.parts])
        stack, size = self._stack, self._size
        self.figures += costs.cost(stack, BY_SMS, alerts=size.cost_alerts)
        self.figures += costs.memory(stack)
        self.figures += costs.idle(stack, seconds=size.idle_seconds)
        self.figures += floods.high_alone(stack, BY_CHANNEL, seconds=size.high_seconds)
        self.figures += floods.drain(stack, BY_SMS, low=size.drain_low)
        self.figures += floods.high_in_storm(
            stack, BY_CHANNEL, BY_SMS, low=size.storm_low, seconds=size.high_seconds
        )


def main() -> bool:
    """Print the table and write the file. Returns True, since no figure is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed.run", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full", help="how much of each (full)")
    parser.add_argument("--only", choices=("take", "deliver"), help="a part of it")
    parser.add_argument("--to", type=Path, default=FILE, help=f"the file for the figures ({FILE.name})")
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    with Stack(taking.PARTS, **AS_DEPLOYED, **VARIABLES) as stack:
        load(stack, [*MIXED, *BY_SMS, *BY_CHANNEL])
        run = Run(stack, SIZES[options.size])
        if options.only != "deliver":
            run.take()
        if options.only != "take":
            run.deliver()
        taken = {"size": options.size, **machine.taken(stack, load_before=load_before)}
    print(f"\n{table(HEAD, rows(run.figures))}")
    made = json.dumps({"taken": taken, "figures": as_json(run.figures)}, indent=1)
    options.to.write_text(f"{made}\n", encoding="utf-8")
    print(f"\nThe figures, the machine and the versions are in {options.to}.")
    return True


if __name__ == "__main__":
    conclude(main)
