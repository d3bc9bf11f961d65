"""`make bench`: how many alerts a second Bleep accepts over open connections, and the processor time of each.

Only the front door, the API and PostgreSQL run, so this measures the way from POST to commit. The processor time is of
these three, not of the load generator. The results are medians of several runs, since machines are noisy.
"""

import argparse
import random
import statistics
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from bench.command import conclude, whole
from bench.load.connections import Bodies, Load, spread
from bench.load.people import alert, load, make_people
from bench.report import table
from bench.stack import Stack, StackError, cpu_seconds

PREFERENCES = {"H": ("call", "sms"), "M": ("sms",), "L": ("email",)}
GRANIAN_WORKERS = "2"
API_THREADS = "16"
"""As in the entry point; `make run` has one."""


class Sample(NamedTuple):
    """One run."""

    per_second: float
    cpu_milliseconds: float
    p50: float
    p99: float


class Bench:
    """Runs against one stack."""

    def __init__(self, stack: Stack, load_: Load, *, connections: int, requests: int) -> None:
        self._stack = stack
        self._load = load_
        self._connections = connections
        self._requests = requests
        self._people = make_people(50, [PREFERENCES], random.Random(0))
        load(stack, self._people)

    def bodies(self, name: str) -> Bodies:
        """New alerts, as long as `name` is new."""
        return [
            alert(f"{name}-{n}", self._people[n % len(self._people)].contact_id, "HML"[n % 3])
            for n in range(self._requests)
        ]

    def sample(self, bodies: Bodies, expected: str) -> Sample:
        """Send each once. Raises StackError unless every answer is `expected`."""
        before = cpu_seconds(self._processes())
        result = self._load.post(spread(bodies, self._connections))
        used = cpu_seconds(self._processes()) - before
        if set(result.answers) != {expected}:
            raise StackError(
                f"Every POST should be answered with {expected}, but the answers were {dict(result.answers)}."
                f" The web server's output is in {self._stack.log}"
            )
        return Sample(
            len(bodies) / result.seconds,
            used / len(bodies) * 1000,
            result.percentile(50),
            result.percentile(99),
        )

    def _processes(self) -> list[psutil.Process]:
        postgres = psutil.Process(self._stack.postgres.pid)
        return [
            *self._stack.family("door"),
            *self._stack.family("web-api"),
            postgres,
            *postgres.children(recursive=True),
        ]


def medians(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The median of each figure, and the range of the first."""
    rates = [sample.per_second for sample in samples]
    middle = [statistics.median(values) for values in zip(*samples, strict=True)]
    return (
        f"{middle[0]:.0f}",
        f"{min(rates):.0f}–{max(rates):.0f}",
        f"{middle[1]:.2f}",
        f"{middle[2]:.1f}",
        f"{middle[3]:.1f}",
    )


def main() -> bool:
    """Print one table. Returns True, since no figure is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.accept", description=__doc__)
    parser.add_argument("--connections", type=whole(1, 500), default=16, help="kept open (16)")
    # Percentiles need two answers.
    parser.add_argument("--requests", type=whole(2), default=2000, help="for each run (2,000)")
    parser.add_argument("--runs", type=whole(1), default=5, help="to take the medians of (5)")
    options = parser.parse_args()
    with (
        Stack(("door", "web-api"), GRANIAN_WORKERS=GRANIAN_WORKERS, API_THREADS=API_THREADS) as stack,
        Load(stack) as senders,
    ):
        bench = Bench(stack, senders, connections=options.connections, requests=options.requests)
        bench.sample(bench.bodies("warm"), "202")
        new: list[Sample] = []
        repeats: list[Sample] = []
        for run in range(options.runs):
            bodies = bench.bodies(f"run{run}")
            new.append(bench.sample(bodies, "202"))
            repeats.append(bench.sample(bodies, "200 replayed"))
            print(
                f"run {run + 1}: {new[-1].per_second:.0f} new, {repeats[-1].per_second:.0f} replays a second"
            )
    print(f"\n{options.connections} connections, medians of {options.runs} runs of {options.requests}:\n")
    head = ("POST", "per second", "range", "CPU ms each", "p50 ms", "p99 ms")
    print(table(head, [("new alert", *medians(new)), ("replay", *medians(repeats))]))
    return True


if __name__ == "__main__":
    conclude(main)
