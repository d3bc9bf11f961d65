"""How fast alerts are taken, in interleaved rounds: by Bleep, by the reference app, and stored by pgbench.

Bleep is asked directly at its API, as the reference app is, and through its front door, as alerts come in reality. The
ratio is that of the direct ways.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from bench.command import Progress
from bench.load.connections import Bodies, Load, spread
from bench.load.people import Person, alert
from bench.speed import reference
from bench.speed.figures import Figure
from bench.speed.floor import Floor
from bench.stack import Stack, StackError, cpu_seconds

PARTS = ("door", "web-api")
CONNECTIONS = 16
CURVE = (1, 4, 16, 64)
"""Connections, for the picture."""
FLOOR_TIMES = 4
"""pgbench stores this many times as many, so that it runs long enough."""


class Way(StrEnum):
    """The ways, in the order of a round."""

    NEW = "Bleep"
    REPEAT = "Bleep, repeats"
    DOOR = "Bleep through its front door"
    REFERENCE = "as most people write it"
    FLOOR = "pgbench, the same rows"


@dataclass(frozen=True)
class Sample:
    """One way in one round. pgbench has no percentiles, and its processor time is that of its server."""

    per_second: float
    processor: float
    """Milliseconds of processor time for each alert: the server's, PostgreSQL's and Redis's."""
    p50: float = 0.0
    """Milliseconds until the answer, as `p99`."""
    p99: float = 0.0


Samples = Mapping[Way, Sequence[Sample]]


class Taking:
    """Measures one stack, with people, and the reference app beside it."""

    def __init__(self, stack: Stack, people: Sequence[Person]) -> None:
        """Start the reference app."""
        self._stack = stack
        self._people = people
        self._floor = Floor(stack, people)
        self._progress = Progress()
        self._names = 0
        self._newest: Bodies = []
        host, _, token = stack.address
        self._bleep = Load((host, stack.port_of("web-api"), token))
        self._door = Load(stack.address)
        self._reference = Load(reference.start(stack, people), scheme="Token")

    def rounds(
        self, *, connections: int, requests: int, rounds: int, ways: Sequence[Way] = tuple(Way)
    ) -> Samples:
        """The samples of all rounds. Raises StackError if an alert was not taken."""
        found: dict[Way, list[Sample]] = {way: [] for way in ways}
        for number in range(rounds):
            for way in ways:
                found[way].append(self._sample(way, connections, requests))
            said = ", ".join(f"{way} {samples[-1].per_second:.0f}/s" for way, samples in found.items())
            self._progress.say(f"{connections} connections, round {number + 1} of {rounds}: {said}")
        return found

    def _sample(self, way: Way, connections: int, requests: int) -> Sample:
        match way:
            case Way.NEW:
                self._newest = self._bodies(requests)
                return self._post(self._bleep, self._newest, connections, "202", "web-api")
            case Way.REPEAT:
                return self._post(self._bleep, self._newest, connections, "200", "web-api")
            case Way.DOOR:
                return self._post(self._door, self._bodies(requests), connections, "202", "door", "web-api")
            case Way.REFERENCE:
                return self._post(self._reference, self._bodies(requests), connections, "201", reference.NAME)
            case Way.FLOOR:
                return self._store(connections, requests * FLOOR_TIMES)

    def _post(self, load: Load, bodies: Bodies, connections: int, expected: str, *servers: str) -> Sample:
        used = self._processor(*servers, "redis")
        result = load.post(spread(bodies, connections))
        milliseconds = used() / len(bodies)
        if set(result.answers) != {expected}:
            raise StackError(
                f"Every POST should be answered with {expected}, but the answers were {dict(result.answers)}."
                f" The servers' output is in {self._stack.log}"
            )
        return Sample(
            len(bodies) / result.seconds, milliseconds, result.percentile(50), result.percentile(99)
        )

    def _store(self, connections: int, transactions: int) -> Sample:
        used = self._processor()
        rate = self._floor.rate(clients=connections, transactions=transactions)
        return Sample(rate, used() / transactions)

    def _processor(self, *servers: str) -> Callable[[], float]:
        """A function that returns how many milliseconds of processor time these and PostgreSQL have used since."""
        families = ("postgres", *servers)
        before = sum(cpu_seconds(self._stack.family(name)) for name in families)
        return lambda: 1000 * (sum(cpu_seconds(self._stack.family(name)) for name in families) - before)

    def _bodies(self, count: int) -> Bodies:
        """New alerts."""
        self._names += 1
        return [
            alert(f"t{self._names}-{n}", self._people[n % len(self._people)].contact_id, "HML"[n % 3])
            for n in range(count)
        ]


def figures(samples: Samples) -> list[Figure]:
    """The medians, and their ratios. A ratio is the median of the ratios of the rounds, because machines change with
    time.
    """
    found = []
    for way, of_way in samples.items():
        key = way.name.lower()
        found.append(Figure(f"taken_{key}", f"taken: {way}", _median(of_way, "per_second"), "a second"))
        found.append(
            Figure(f"taken_{key}_cpu", "  processor, with PostgreSQL", _median(of_way, "processor"), "ms")
        )
        if way is not Way.FLOOR:
            found.append(Figure(f"taken_{key}_p50", "  p50", _median(of_way, "p50"), "ms"))
            found.append(Figure(f"taken_{key}_p99", "  p99", _median(of_way, "p99"), "ms"))
    against = [
        ("taken_against_reference", "taken against as most people write it", Way.NEW, Way.REFERENCE, 1, "×"),
        ("taken_against_floor", "taken against pgbench", Way.NEW, Way.FLOOR, 100, "%"),
        ("repeats_against_new", "repeats against new alerts", Way.REPEAT, Way.NEW, 1, "×"),
        ("door_against_straight", "through the front door against straight", Way.DOOR, Way.NEW, 100, "%"),
    ]
    return found + [
        Figure(key, says, times * _ratio(samples[way], samples[other]), unit)
        for key, says, way, other, times, unit in against
        if way in samples and other in samples
    ]


def _median(samples: Sequence[Sample], name: str) -> float:
    return statistics.median(float(asdict(sample)[name]) for sample in samples)


def _ratio(samples: Sequence[Sample], others: Sequence[Sample]) -> float:
    return statistics.median(
        one.per_second / other.per_second for one, other in zip(samples, others, strict=True)
    )
