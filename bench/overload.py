"""`make overload`: how many alerts a second are stored while far more requests come than Bleep can answer.

The capacity is measured before and after each load, with clients that wait for each answer. The load comes at a
multiple of it, whether or not earlier requests were answered. What is refused with 503 is sent again after its
`Retry-After`, as hospital systems do; a client that has no answer after ten seconds gives up. Goodput is what was
stored in a second.

Where there are two processors or more, the clients have one of their own, for the capacity and for the overload, and
Bleep and PostgreSQL have the others. If they shared them, ten times the requests would leave Bleep less of the machine,
and the curve would be that of the clients. `--together` lets them.
"""

import argparse
import asyncio
import heapq
import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from bench.command import conclude, whole
from bench.load.http_client import Clients
from bench.load.people import SPREAD, Person, alert, load, make_people
from bench.report import percentile, table
from bench.stack import AS_DEPLOYED, Stack, StackError

CLIENTS = 32
"""Clients that wait for their answers, to measure the capacity."""
MOST = 10
TIMES = (1, 2, 5, MOST, MOST, MOST)
"""The offered load, in multiples of the capacity. The median of the highest three counts: a machine that others use may
be twice as fast in one run as in the next."""
TIMEOUT = 10.0
JITTER = 1.0
"""Seconds over which clients spread their repeats."""
SHARE = 0.8
"""Goodput at `MOST` times the capacity must be this share of the capacity."""
PRIORITIES = "HMLLL"
BAR = 40


class Sent(NamedTuple):
    """One answer, or none: the status is 0 then."""

    status: int
    priority: str
    seconds: float
    retry_after: float


@dataclass
class Run:
    """The result of one offered load."""

    seconds: float
    offered: float
    """Requests a second."""
    capacity: float = 0.0
    """Alerts stored in a second for clients that wait, measured before and after."""
    sent: list[Sent] = field(default_factory=list)
    first_tries: Counter[str] = field(default_factory=Counter)

    @property
    def goodput(self) -> float:
        """Alerts stored in a second."""
        return self._count(202) / self.seconds

    @property
    def share(self) -> float:
        """The goodput as a part of the capacity."""
        return self.goodput / self.capacity

    @property
    def unanswered(self) -> int:
        """Requests without an answer."""
        return self._count(0)

    @property
    def refused(self) -> int:
        """Requests refused with 503."""
        return self._count(503)

    def stored_share(self, priority: str) -> float:
        """The share of the alerts of a priority that was stored."""
        stored = sum(each.status == 202 and each.priority == priority for each in self.sent)  # noqa: PLR2004
        return stored / max(1, self.first_tries[priority])

    def percentile(self, percent: int) -> float:
        """A percentile of the times of all answers, in seconds."""
        return percentile([each.seconds for each in self.sent if each.status], percent)

    def _count(self, status: int) -> int:
        return sum(each.status == status for each in self.sent)


class Senders:
    """Clients that send to one stack."""

    def __init__(self, stack: Stack, people: list[Person]) -> None:
        headers = {"authorization": f"Bearer {stack.token}"}
        self._clients = Clients(stack.host, stack.port, headers, timeout=TIMEOUT)
        self._people = people
        self._number = 0

    def new(self) -> dict[str, str]:
        """Another alert."""
        self._number += 1
        person = self._people[self._number % len(self._people)]
        return alert(f"O-{self._number}", person.contact_id, PRIORITIES[self._number % len(PRIORITIES)])

    async def send(self, body: dict[str, str]) -> Sent:
        """POST the alert once."""
        began = time.monotonic()
        try:
            status, retry_after, _ = await self._clients.post("/notification", json.dumps(body).encode())
        except OSError:
            status, retry_after = 0, 0.0
        return Sent(status, body["priority"], time.monotonic() - began, retry_after)

    async def measure_capacity(self, seconds: float) -> float:
        """Alerts stored in a second for clients that wait for their answers."""
        until = time.monotonic() + seconds

        async def client() -> int:
            stored = 0
            while time.monotonic() < until:
                stored += (await self.send(self.new())).status == 202  # noqa: PLR2004
            return stored

        return sum(await asyncio.gather(*[client() for _ in range(CLIENTS)])) / seconds

    async def offer(self, rate: float, seconds: float) -> Run:
        """Send `rate` requests a second: repeats that are due, or else new alerts."""
        run = Run(seconds, rate)
        again: list[tuple[float, int, dict[str, str]]] = []
        tasks: set[asyncio.Task[None]] = set()
        began = time.monotonic()

        async def one(body: dict[str, str]) -> None:
            sent = await self.send(body)
            now = time.monotonic()
            if not sent.status or now - began <= seconds:  # a client gives up only after the end
                run.sent.append(sent)
            if sent.status == 503:  # noqa: PLR2004
                due = now + sent.retry_after + random.uniform(0, JITTER)
                heapq.heappush(again, (due, id(body), body))

        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            if again and again[0][0] <= time.monotonic():
                body = heapq.heappop(again)[2]
            else:
                body = self.new()
                run.first_tries[body["priority"]] += 1
            task = asyncio.create_task(one(body))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        return run


async def measure(stack: Stack, people: list[Person], seconds: float) -> list[Run]:
    """A run for each of `TIMES`, with the capacity before and after it: machines are not always equally fast."""
    senders = Senders(stack, people)
    await senders.measure_capacity(2.0)  # the first alerts open connections
    runs = []
    before = await senders.measure_capacity(seconds / 2)
    for times in TIMES:
        if not before:
            raise StackError(f"No alert was stored. The output of the processes is in {stack.log}")
        run = await senders.offer(before * times, seconds)
        await asyncio.sleep(3.0)  # requests that wait at the door are answered
        after = await senders.measure_capacity(seconds / 2)
        run.capacity = (before + after) / 2
        before = after
        runs.append(run)
        bar = "█" * round(BAR * min(1.25, run.share))
        print(
            f"{times:3} × capacity offered  {bar} {run.share:.0%} of {run.capacity:.0f} a second stored",
            flush=True,
        )
    return runs


def rows(runs: list[Run]) -> list[tuple[str, ...]]:
    """The runs as rows of a table."""
    return [
        (
            f"{run.capacity:.0f}",
            f"{run.offered:.0f}",
            f"{run.goodput:.0f}",
            f"{run.refused / run.seconds:.0f}",
            str(run.unanswered),
            *(f"{run.stored_share(priority):.0%}" for priority in "HML"),
            f"{run.percentile(50):.2f}",
            f"{run.percentile(99):.2f}",
        )
        for run in runs
    ]


def processors() -> tuple[set[int], set[int]]:
    """The processors for Bleep, and the one for the clients; all of them for both if there is only one, or the system
    cannot say.
    """
    if not hasattr(os, "sched_setaffinity"):
        return set(), set()
    ours = sorted(os.sched_getaffinity(0))
    return (set(ours[:-1]), {ours[-1]}) if len(ours) > 1 else (set(ours), set(ours))


def stay_on(chosen: set[int]) -> None:
    """Run on these processors from now on, with every process that is started."""
    if chosen:
        os.sched_setaffinity(0, chosen)


def main() -> bool:
    """Returns True if goodput held, and everybody was answered."""
    parser = argparse.ArgumentParser(prog="python -m bench.overload", description=__doc__)
    parser.add_argument("--seconds", type=whole(2, 600), default=10, help="for each load (10)")
    parser.add_argument("--together", action="store_true", help="clients on the same processors as Bleep")
    options = parser.parse_args()
    for_bleep, for_clients = (set[int](), set[int]()) if options.together else processors()
    stay_on(for_bleep)
    with Stack(("door", "web-api"), **AS_DEPLOYED) as stack:
        people = make_people(50, [SPREAD], random.Random(0))
        load(stack, people)
        stay_on(for_clients)
        runs = asyncio.run(measure(stack, people, float(options.seconds)))
    head = (
        "capacity/s",
        "offered/s",
        "stored/s",
        "refused/s",
        "no answer",
        "High",
        "Medium",
        "Low",
        "p50 s",
        "p99 s",
    )
    print(f"\n{table(head, rows(runs))}\n")
    share = median(run.share for run in runs[-TIMES.count(MOST) :])
    held = share >= SHARE
    answered = not any(run.unanswered for run in runs)
    print(f"At {MOST} times the capacity {share:.0%} of it is stored, by the median (at least {SHARE:.0%}).")
    if not answered:
        print("Some clients had no answer within ten seconds.")
    return held and answered


if __name__ == "__main__":
    conclude(main)
