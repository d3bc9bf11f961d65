"""`make bench-size`: how the costs of taking, sending and looking at alerts grow with the tables.

There is one Bleep for each size, each with its own PostgreSQL, and all are measured in turns: other work of the machine
affects them alike. A page counts from the smallest size on that fills it.
"""

import argparse
import contextlib
import json
import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import stack as stacks, waits
from bench.command import Progress, conclude, whole
from bench.load import full_database
from bench.load.connections import Load, spread
from bench.load.people import SMS, SPREAD, Person, alert, load
from bench.report import table
from bench.size import picture
from bench.size.pages import NEEDS, Pages
from bench.speed import machine
from bench.stack import AS_DEPLOYED, Stack, StackError
from bench.storm import VARIABLES

SIZES = (1_000, 10_000, 100_000, 2_000_000)
CLINICIANS = {1_000: 100, 10_000: 1_000, 100_000: 10_000, 2_000_000: 100_000}
PARTS = ("web-api", "web-admin")
SENDERS = tuple(part for part in stacks.PARTS if part not in (*PARTS, "relay-2"))
CONNECTIONS = 16
FILE = Path(__file__).resolve().parents[2] / "bench-size.json"
MIXED = [Person(number, SPREAD) for number in range(1, 51)]
BY_SMS = [Person(number, SMS) for number in range(51, 101)]
SENT = """
SELECT count(*) / extract(epoch FROM max(attempt.finished_at) - min(attempt.started_at))
FROM alerts_attempt AS attempt JOIN alerts_delivery AS delivery ON delivery.id = attempt.delivery_id
JOIN alerts_alert AS alert ON alert.id = delivery.alert_id WHERE alert.message_id LIKE %s
"""
"""Alerts sent in a second, from the first to the last."""

Figures = dict[str, list[float]]
"""The measurements of each round, by name."""
Medians = Mapping[str, Mapping[str, float]]
"""Each figure by the number of alerts, the fewest first."""
AS_LONG = 0.95
"""A page is full from this share of the length that it has in the largest Bleep, whose keys have more digits."""


class Sized:
    """A Bleep with this many alerts."""

    def __init__(self, stack: Stack, alerts: int) -> None:
        self.alerts = alerts
        self.stack = stack
        self.figures: Figures = {}
        self._pages: Pages | None = None
        self._addresses: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._named = 0

    def fill(self, report: Callable[[str], None]) -> None:
        """Write the alerts. Alerts that are sent meanwhile are added to them."""
        clinicians = CLINICIANS.get(self.alerts, max(100, self.alerts // 20))
        with self.stack.session() as session:
            full_database.fill(session, alerts=self.alerts, clinicians=clinicians, report=report)
        load(self.stack, [*MIXED, *BY_SMS])

    def take(self, requests: int, *, counts: bool = True) -> None:
        """Take this many alerts, which nobody sends."""
        bodies = self._bodies(MIXED, requests)
        address = (self.stack.host, self.stack.port_of("web-api"), self.stack.token)
        result = Load(address).post(spread(bodies, CONNECTIONS))
        if set(result.answers) != {"202"}:
            raise StackError(f"Not every alert was taken: {dict(result.answers)}")
        if counts:
            self._note("taken, a second", len(bodies) / result.seconds)

    def look(self, *, counts: bool = True) -> None:
        """Look at each page once."""
        if self._pages is None:
            self._pages = Pages(self.stack)
            self._addresses = self._pages.addresses()
        for name, address in self._addresses.items():
            took, self._lengths[name] = self._pages.look(address)
            if counts:
                self._note(name, took)

    def fills(self, name: str, *, of: "Sized") -> bool:
        """Whether there are enough alerts for a page that shows, and searches, as many as the other Bleep's."""
        as_long = self._lengths.get(name, 0) >= AS_LONG * of._lengths.get(name, 0)  # noqa: SLF001 - of this class
        return as_long and self.alerts >= min(NEEDS.get(name, 0), of.alerts)

    def send(self, alerts: int, *, counts: bool = True) -> None:
        """Take this many alerts, and send them at once."""
        bodies = self._bodies(BY_SMS, alerts)
        Load(self.stack.address).post(spread(bodies, CONNECTIONS))
        waits.settle(self.stack)
        if counts:
            [(rate,)] = self.stack.rows(SENT, f"s{self._named}-%")
            self._note("sent, a second", float(rate))

    def _bodies(self, people: Sequence[Person], count: int) -> list[dict[str, str]]:
        self._named += 1
        return [
            alert(f"s{self._named}-{n}", people[n % len(people)].contact_id, "HML"[n % 3])
            for n in range(count)
        ]

    def _note(self, name: str, value: float) -> None:
        self.figures.setdefault(name, []).append(value)


@contextlib.contextmanager
def filled(sizes: Sequence[int]) -> Iterator[list[Sized]]:
    """A Bleep for each size, with its alerts."""
    with contextlib.ExitStack() as opened:
        found = []
        progress = Progress()
        for alerts in sizes:
            sized = Sized(opened.enter_context(Stack(PARTS, **AS_DEPLOYED, **VARIABLES)), alerts)
            sized.fill(progress.show)
            found.append(sized)
        yield found


def measure(all_sizes: Sequence[Sized], *, rounds: int, requests: int) -> None:
    """All rounds, the sizes in turn."""
    progress = Progress()
    for number in range(rounds + 1):  # the first one warms
        for sized in all_sizes:
            sized.take(requests, counts=number > 0)
        for sized in all_sizes:
            sized.look(counts=number > 0)
        progress.say(f"round {number} of {rounds}: taken and looked at")
    for sized in all_sizes:
        sized.stack.rows(
            "UPDATE alerts_delivery SET state = 'cancelled', finished_at = now() WHERE state = 'pending'"
        )
        sized.stack.add(SENDERS)
    for number in range(rounds + 1):
        for sized in all_sizes:
            sized.send(requests, counts=number > 0)
        progress.say(f"round {number} of {rounds}: sent")


def rows(figures: Medians, sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """A row for each figure: its median at each size, and the speed."""
    return [
        (
            name,
            *(f"{by_size[str(size)]:,.0f}" if str(size) in by_size else "–" for size in sizes),
            f"{speed(name, by_size):.0f} %",
        )
        for name, by_size in figures.items()
    ]


def speed(name: str, by_size: Mapping[str, float]) -> float:
    """The speed of the largest in percent of the smallest that has the figure: a higher rate, or fewer milliseconds."""
    values = [*by_size.values()]
    smallest, largest = values[0], values[-1]
    return 100 * (largest / smallest if name.endswith("a second") else smallest / largest)


def medians(all_sizes: Sequence[Sized]) -> Medians:
    """The medians, by figure and size. A page that is not full is left out, because it costs less by showing less."""
    return {
        name: {
            str(sized.alerts): round(statistics.median(sized.figures[name]), 2)
            for sized in all_sizes
            if sized.fills(name, of=all_sizes[-1])
        }
        for name in all_sizes[0].figures
    }


def main() -> bool:
    """Print the table, and write the file. Returns True, since no figure is wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.size.run", description=__doc__)
    parser.add_argument(
        "--sizes", default=",".join(map(str, SIZES)), help="numbers of alerts, the smallest first"
    )
    parser.add_argument("--rounds", type=whole(1), default=5, help="to take the medians of (5)")
    parser.add_argument(
        "--requests", type=whole(2), default=600, help="alerts to take and to send in a round (600)"
    )
    parser.add_argument("--to", type=Path, default=FILE, help=f"the file for the figures ({FILE.name})")
    parser.add_argument("--picture", type=Path, help="where to draw docs/images/size.svg")
    options = parser.parse_args()
    sizes = [int(each) for each in options.sizes.split(",")]
    load_before = os.getloadavg()[0]
    with filled(sizes) as all_sizes:
        measure(all_sizes, rounds=options.rounds, requests=options.requests)
        taken = machine.taken(all_sizes[0].stack, load_before=load_before)
        report(all_sizes, taken, options.to, options.picture)
    return True


def report(all_sizes: Sequence[Sized], taken: dict[str, Any], file: Path, drawn: Path | None) -> None:
    """Print the table, write the file, and draw the picture if it is wanted."""
    head = ("ms, or a second, with alerts", *(f"{sized.alerts:,}" for sized in all_sizes), "speed")
    figures = medians(all_sizes)
    print(f"\n{table(head, rows(figures, [sized.alerts for sized in all_sizes]))}")
    file.write_text(f"{json.dumps({'taken': taken, 'figures': figures}, indent=1)}\n", encoding="utf-8")
    print(f"\nThe figures, the machine and the versions are in {file}.")
    if drawn:
        drawn.write_text(picture.cost(figures), encoding="utf-8")


if __name__ == "__main__":
    conclude(main)
