"""`make compare-modes`: compares a sender that waits for the outcome with one that does not.

The stand-in for AWS takes as long as AWS does, and now and then much longer. At each rate alerts are POSTed for a
while, first without and then with `Prefer: wait`: half of them High, by telephone, and half Medium, by SMS. Then, once
for each, the provider is away for some seconds, and answers all with an internal error. Ends with 1 if an alert is
lost.
"""

import argparse
import asyncio
import json
import os
import random
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bench import records, waits
from bench.command import Progress, conclude, whole
from bench.load.http_client import Answer, Clients
from bench.load.people import alert, key_of, load, make_people
from bench.modes import picture
from bench.modes.figures import (
    HEAD,
    KNOWN,
    OUTAGE_HEAD,
    Figures,
    Mode,
    Outage,
    Sent,
    as_json,
    outage_rows,
    rows,
    spread,
)
from bench.report import table
from bench.speed import machine
from bench.stack import AS_DEPLOYED, PARTS, Stack
from bench.storm import VARIABLES
from bench.verdict import Verdict, judge

MEASURED = tuple(part for part in PARTS if part != "web-admin")
"""The parts that an alert passes, and the probes."""
PREFERENCES = {"H": ("call", "sms"), "M": ("sms",)}
PRIORITIES = "HM"
PEOPLE = 50
RATES = "2,5,10,20"
OUTAGE_RATE = 5
"""Alerts a second."""
WAIT_SECONDS = 20
TIMEOUT = 40.0
"""More than any answer may take."""
LATENCY = {"sns": 0.06, "connect": 0.25}
"""Seconds that an answer of the stand-in takes."""
SLOW_SECONDS, SLOW_SHARE = 3.0, 0.01
SEED = 7
_SLOW = {"kind": "delay", "seconds": SLOW_SECONDS, "probability": SLOW_SHARE, "seed": SEED}
USUAL: Sequence[Mapping[str, Any]] = (
    *({"operation": f"{service}:*", **_SLOW} for service in LATENCY),
    *({"operation": f"{service}:*", "kind": "delay", "seconds": each} for service, each in LATENCY.items()),
)
"""The stand-in has the latency of AWS. The same slow answers come again in each run."""
AWAY = {"operation": "*", "kind": "error"}
"""Every request ends with an internal error."""
BUSY = 503
SAID = re.compile(rb'"status": ?"(\w+)"')
ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docs" / "sync-vs-async.json"
PICTURES = ROOT / "docs" / "images"


class Post:
    """One alert on its way."""

    def __init__(self, clients: Clients, body: Mapping[str, str]) -> None:
        self.key = body["message_id"]
        self.began = 0.0
        """By the wall clock, like the times of the handsets."""
        self.at = self.answered = 0.0
        self.status = self.busy = 0
        self.said = ""
        self._clients = clients
        self._body = json.dumps(body).encode()

    async def send(self, run_began: float) -> None:
        """POST it, and again while Bleep is too busy."""
        started, self.began = time.monotonic(), time.time()
        self.at = started - run_began
        try:
            answer = await self._until_taken()
        except OSError:
            pass
        else:
            self.status = answer.status
            found = SAID.search(answer.body)
            self.said = found[1].decode() if found else ""
        self.answered = time.monotonic() - started

    async def _until_taken(self) -> Answer:
        while True:
            answer = await self._clients.post("/notification", self._body)
            if answer.status != BUSY:
                return answer
            self.busy += 1
            await asyncio.sleep(answer.retry_after)


class Comparison:
    """Both modes against one stack."""

    def __init__(self, stack: Stack, rates: Sequence[int], *, seconds: int, outage: int) -> None:
        self._stack = stack
        self._rates = rates
        self._seconds = seconds
        self._outage = outage
        self._people = make_people(PEOPLE, [PREFERENCES], random.Random(SEED))
        self._progress = Progress()
        self.broken: list[str] = []
        """Violations, as sentences."""
        load(stack, self._people)

    def go(self) -> tuple[list[Figures], list[Outage]]:
        """All runs. Raises StackError if the rest is not sent in time."""
        for mode in Mode:  # the first alert of each process opens its connections
            self._run("warm", mode, max(self._rates), 2.0)
        runs = []
        for rate in self._rates:
            for mode in Mode:
                self._progress.say(f"{rate} alerts a second, {mode}")
                sent, _ = self._run(f"r{rate}", mode, rate, float(self._seconds))
                runs.append(self._figures(f"r{rate}", mode, rate, sent))
        outages = []
        for mode in Mode:
            self._progress.say(f"the provider is away for {self._outage} s, {mode}")
            sent, (began, ended) = self._run("away", mode, OUTAGE_RATE, 4.0 * self._outage, away=True)
            outages.append(Outage(self._figures("away", mode, OUTAGE_RATE, sent), began, ended, sent))
        return runs, outages

    def _run(
        self, name: str, mode: Mode, rate: int, seconds: float, *, away: bool = False
    ) -> tuple[list[Sent], tuple[float, float]]:
        """POST at this rate, and wait until everything is sent. Returns the alerts, and when the provider was away."""
        self._stack.misbehave(*USUAL)
        posts, gone = asyncio.run(self._post(name, mode, rate, seconds, away=away))
        waits.settle(self._stack)
        arrived = self._arrivals()
        return [
            Sent(
                round(post.at, 3),
                round(post.answered, 4),
                post.status,
                post.said,
                post.busy,
                round(arrived[post.key] - post.began, 4) if post.key in arrived else None,
            )
            for post in posts
        ], gone

    async def _post(
        self, name: str, mode: Mode, rate: int, seconds: float, *, away: bool
    ) -> tuple[list[Post], tuple[float, float]]:
        headers = {"authorization": f"Bearer {self._stack.token}"}
        if mode is Mode.WAIT:
            headers["prefer"] = f"wait={WAIT_SECONDS}"
        clients = Clients(self._stack.host, self._stack.port, headers, timeout=TIMEOUT)
        posts = [Post(clients, self._alert(f"{name}-{mode.name}", n)) for n in range(int(rate * seconds))]
        began = time.monotonic()
        gone = asyncio.create_task(self._be_away(began)) if away else None
        async with asyncio.TaskGroup() as tasks:
            for number, post in enumerate(posts):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                tasks.create_task(post.send(began))
        return posts, await gone if gone else (0.0, 0.0)

    async def _be_away(self, began: float) -> tuple[float, float]:
        await asyncio.sleep(self._outage)  # as long as it will be away; and twice as long afterwards
        await asyncio.to_thread(self._stack.misbehave, AWAY)
        since = time.monotonic() - began
        await asyncio.sleep(self._outage)
        await asyncio.to_thread(self._stack.misbehave, *USUAL)
        return round(since, 2), round(time.monotonic() - began, 2)

    def _alert(self, name: str, number: int) -> dict[str, str]:
        person = self._people[number % PEOPLE]
        return alert(f"{name}-{number}", person.contact_id, PRIORITIES[number % len(PRIORITIES)])

    def _arrivals(self) -> dict[str, float]:
        """When each alert first reached a handset, by its key, in seconds since 1970."""
        newest_first = json.loads(self._stack.aws("GET", "/messages"))
        return {
            key_of(message["text"]): datetime.fromisoformat(message["at"]).timestamp()
            for message in newest_first
        }

    def _figures(self, name: str, mode: Mode, rate: int, sent: Sequence[Sent]) -> Figures:
        verdict = self._verdict(f"{name}-{mode.name}-", len(sent))
        self.broken += verdict.broken
        arrived = [each for each in sent if each.handset is not None]
        handsets = [each.handset for each in arrived if each.handset is not None]
        took = max((each.at + (each.handset or 0.0) for each in arrived), default=0.0)
        return Figures(
            mode,
            rate,
            posts=len(sent),
            known=sum(each.status == KNOWN for each in sent),
            busy=sum(each.busy for each in sent),
            errors=sum(not 200 <= each.status < 300 for each in sent),  # noqa: PLR2004
            answer=spread([each.answered for each in sent]),
            handset=spread(handsets),
            arrived=len(arrived),
            arrived_per_second=round(len(arrived) / took, 2) if took else 0.0,
            in_doubt=verdict.in_doubt.total(),
            failed=verdict.failed.total(),
            lost=len(verdict.lost) + len(verdict.false_sent),
        )

    def _verdict(self, start: str, posts: int) -> Verdict:
        """Compare the ledger with what AWS received, as `make chaos` does, for the alerts of one run."""
        return judge(
            answered=[f"{start}{n}" for n in range(posts)],
            alerts=[each for each in records.alerts(self._stack) if each.key.startswith(start)],
            received=[each for each in records.received(self._stack) if each.key.startswith(start)],
            preferences={person.contact_id: person.preferences for person in self._people},
        )


def read_rates(text: str) -> list[int]:
    """For argparse: whole numbers between commas."""
    return [whole(1, 200)(each) for each in text.split(",")]


def save(runs: Sequence[Figures], outages: Sequence[Outage], taken: Mapping[str, Any]) -> None:
    """Write the file and the pictures of docs/sync-vs-async.md."""
    FILE.write_text(json.dumps({"taken": taken, **as_json(runs, outages)}, indent=1) + "\n", encoding="utf-8")
    (PICTURES / "modes-rates.svg").write_text(picture.rates(runs), encoding="utf-8")
    (PICTURES / "modes-outage.svg").write_text(picture.outages(outages), encoding="utf-8")
    print(f"Saved to {FILE} and {PICTURES}. `make docs` puts the tables into docs/sync-vs-async.md.")


def main() -> bool:
    """Returns True if no alert was lost."""
    parser = argparse.ArgumentParser(prog="python -m bench.modes.compare", description=__doc__)
    parser.add_argument("--rates", type=read_rates, default=RATES, help=f"alerts a second ({RATES})")
    parser.add_argument("--seconds", type=whole(1, 3600), default=30, help="for each rate and mode (30)")
    parser.add_argument(
        "--outage", type=whole(1, 60), default=6, help="seconds that the provider is away (6)"
    )
    parser.add_argument(
        "--save", action="store_true", help="write the figures and pictures of the docs again"
    )
    options = parser.parse_args()
    load_before = os.getloadavg()[0]
    with Stack(MEASURED, **AS_DEPLOYED, **VARIABLES) as stack:
        comparison = Comparison(stack, options.rates, seconds=options.seconds, outage=options.outage)
        taken = machine.taken(stack, load_before=load_before)
        runs, outages = comparison.go()
        stack.keep = bool(comparison.broken)
    print(f"\nTimes are in milliseconds, from the POST.\n\n{table(HEAD, rows(runs))}")
    print(
        f"\nThe provider is away for {options.outage} s, at {OUTAGE_RATE} POSTs a second:\n\n"
        f"{table(OUTAGE_HEAD, outage_rows(outages))}"
    )
    for sentence in comparison.broken:
        print(f"  ! {sentence}")
    if options.save:
        save(runs, outages, taken)
    return not comparison.broken


if __name__ == "__main__":
    conclude(main)
