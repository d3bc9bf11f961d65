"""`make bench`: every figure of docs/performance.md in one run, beside its goal.

It starts one Bleep, as it is deployed, with its own PostgreSQL and Redis. A missed goal is not a failure. Earlier
figures of `make bench-size` are shown as well.
"""

import argparse
import json
import os
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench.command import conclude
from bench.load.people import SMS, SPREAD, Person, by_channel, load
from bench.report import table
from bench.speed import costs, floods, grown, machine, picture, taking
from bench.speed.figures import HEAD, Figure, as_json, rows
from bench.stack import AS_DEPLOYED, PARTS, Stack
from bench.storm import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "bench-results.json"
GROWN = ROOT / "bench-size.json"
SAVED = ROOT / "docs" / "performance.json"
PICTURE = ROOT / "docs" / "images" / "speed-connections.svg"
MIXED = [Person(number, SPREAD) for number in range(1, 51)]
BY_SMS = [Person(number, SMS) for number in range(51, 101)]
BY_CHANNEL = by_channel(101, 60)


class Size(NamedTuple):
    """How much is measured."""

    rounds: int
    requests: int
    """In each round."""
    curve_rounds: int
    curve_requests: int
    cost_alerts: int
    idle_seconds: float
    drain_low: int
    drain_seconds: float
    """Seconds for which a backlog is watched at most."""
    storm_low: int
    storm_seconds: int
    """Seconds for which High is sent beside a backlog: less than the backlog takes to drain."""
    high_seconds: int


SIZES = {
    "full": Size(
        rounds=5,
        requests=1000,
        curve_rounds=3,
        curve_requests=320,
        cost_alerts=1000,
        idle_seconds=30.0,
        drain_low=5000,
        drain_seconds=60.0,
        storm_low=10_000,
        storm_seconds=20,
        high_seconds=30,
    ),
    "quick": Size(
        rounds=2,
        requests=320,
        curve_rounds=1,
        curve_requests=128,
        cost_alerts=400,
        idle_seconds=10.0,
        drain_low=1200,
        drain_seconds=12.0,
        storm_low=2500,
        storm_seconds=5,
        high_seconds=10,
    ),
    "trial": Size(
        rounds=1,
        requests=64,
        curve_rounds=1,
        curve_requests=64,
        cost_alerts=30,
        idle_seconds=2.0,
        drain_low=100,
        drain_seconds=10.0,
        storm_low=1500,
        storm_seconds=1,
        high_seconds=2,
    ),
}
"""A trial shows that everything is measured; its figures mean nothing."""


class Run:
    """What one run has measured so far."""

    def __init__(self, stack: Stack, size: Size) -> None:
        self.figures: list[Figure] = []
        self.curves: dict[taking.Way, dict[int, float]] = {way: {} for way in picture.COLOURS}
        self._stack = stack
        self._size = size

    def take(self) -> None:
        """How fast alerts are taken, over different numbers of connections. Nothing is delivered meanwhile."""
        size = self._size
        measured = taking.Taking(self._stack, MIXED)
        measured.rounds(connections=taking.CONNECTIONS, requests=size.requests // 2, rounds=1)  # warm
        samples = measured.rounds(connections=taking.CONNECTIONS, requests=size.requests, rounds=size.rounds)
        self.figures += taking.figures(samples)
        for connections in taking.CURVE:
            samples = measured.rounds(
                connections=connections,
                requests=size.curve_requests,
                rounds=size.curve_rounds,
                ways=tuple(self.curves),
            )
            for way, of_way in samples.items():
                self.curves[way][connections] = round(median(each.per_second for each in of_way), 1)

    def deliver(self) -> None:
        """The costs of alerts, and the costs of Bleep without any."""
        for name in ("alerts_alertaction", "alerts_response"):  # these refuse it
            self._stack.rows(f"ALTER TABLE {name} DISABLE TRIGGER {name}_is_not_truncated")
        self._stack.rows("TRUNCATE alerts_alert CASCADE")
        self._stack.add([part for part in PARTS if part not in self._stack.parts])
        stack, size = self._stack, self._size
        self.figures += costs.cost(stack, BY_SMS, alerts=size.cost_alerts)
        self.figures += costs.memory(stack)
        self.figures += costs.idle(stack, seconds=size.idle_seconds)
        self.figures += floods.high_alone(stack, BY_CHANNEL, seconds=size.high_seconds)
        self.figures += floods.drain(stack, BY_SMS, low=size.drain_low, most=size.drain_seconds)
        self.figures += floods.high_in_storm(
            stack, BY_CHANNEL, BY_SMS, low=size.storm_low, seconds=size.storm_seconds
        )


def main() -> bool:
    """Print the table and write the file. Returns True, since no figure is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.speed.run", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full", help="how much of each (full)")
    parser.add_argument("--only", choices=("take", "deliver"), help="a part of it")
    parser.add_argument("--to", type=Path, default=FILE, help=f"the file for the figures ({FILE.name})")
    parser.add_argument(
        "--grown",
        type=Path,
        default=GROWN,
        help=f"figures of `make bench-size`, to show beside ({GROWN.name})",
    )
    parser.add_argument(
        "--save", action="store_true", help="write the figures and the picture of the docs again, too"
    )
    options = parser.parse_args()
    if options.save and options.only:
        parser.error("--save needs a whole run: leave --only out.")
    load_before = os.getloadavg()[0]
    with Stack(taking.PARTS, **AS_DEPLOYED, **VARIABLES) as stack:
        load(stack, [*MIXED, *BY_SMS, *BY_CHANNEL])
        run = Run(stack, SIZES[options.size])
        if options.only != "deliver":
            run.take()
        if options.only != "take":
            run.deliver()
        run.figures += grown.figures(options.grown)
        taken = {"size": options.size, **machine.taken(stack, load_before=load_before)}
    print(f"\n{table(HEAD, rows(run.figures))}")
    write(options.to, taken, run)
    if options.save:
        write(SAVED, taken, run)
        PICTURE.write_text(picture.connections(run.curves), encoding="utf-8")
        print("`make docs` puts the table into docs/performance.md.")
    return True


def write(file: Path, taken: Mapping[str, Any], run: Run) -> None:
    """Write all of a run as JSON."""
    made = {
        "taken": taken,
        "figures": as_json(run.figures),
        "table": {"head": HEAD, "rows": rows(run.figures)},
        "connections": run.curves,
    }
    file.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"\nThe figures, the machine and the versions are in {file}.")


if __name__ == "__main__":
    conclude(main)
