"""`make chaos`: breaks everything that can break, then compares Bleep's alerts with the messages that AWS received.

It POSTs alerts of all priorities while processes are killed and frozen, Redis is killed and flushed, PostgreSQL
crashes, and AWS throttles, fails, refuses and loses answers. Then everything is repaired, the rest is delivered, and a
table shows whether the promise was kept. Exits with 1 if it was not.
"""

import argparse
import contextlib
import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from bench import records
from bench.command import Progress, conclude, whole
from bench.mishaps import Mishaps, schedule
from bench.people import Person, Preferences, alert, load, make_people
from bench.report import table
from bench.sender import AlertSender
from bench.stack import Address, Stack
from bench.verdict import Verdict, judge

LEASE = 30
"""Seconds (LEASE_SECONDS): the shortest time for a call to AWS and for recording its answer."""
PEOPLE = 36
PER_SECOND = 8.0
SENDERS = 8
AGAIN = 0.12
"""The share of the alerts that is sent twice on purpose."""
RETRY_PAUSE = 0.3
DRAIN_SECONDS = 180.0
"""The most time for the remaining deliveries once everything is repaired."""
HURRY_EVERY = 4.0

PREFERENCES: Sequence[Preferences] = (
    {"H": ("call", "sms"), "M": ("sms",), "L": ("email",)},
    {"H": ("call", "sms", "email"), "M": ("sms", "email"), "L": ("email", "sms")},
    {"H": ("sms", "email"), "M": ("email", "sms"), "L": ("sms",)},
    {"H": ("sms",), "M": ("call", "sms"), "L": ("email",)},
    {"H": ("email", "call"), "M": ("email",), "L": ("call",)},
    {"H": ("call",), "M": ("sms", "call", "email"), "L": ("sms", "email")},
)
VARIABLES = {
    "LEASE_SECONDS": str(LEASE),
    # This does not test the account's quotas: with AWS's defaults the rest would take minutes.
    "CONNECT_CALLS_PER_SECOND": "50",
    "SMS_PER_SECOND": "200",
}


@dataclass(frozen=True)
class Order:
    """An alert to send, `at` seconds after the start."""

    at: float
    body: dict[str, str]


@dataclass
class HospitalSystems:
    """The hospital systems. They send every order until it is accepted, always with the same content."""

    orders: Sequence[Order]
    address: Address
    until: float
    """The end of all retries, in `time.monotonic()`'s time."""
    taken: set[str] = field(default_factory=set)
    firsts: Counter[str] = field(default_factory=Counter)
    """How many answers said that an alert was new, by its key."""
    odd: list[str] = field(default_factory=list)
    """Unexpected answers, as sentences."""
    retries: int = 0

    def __post_init__(self) -> None:
        self._began = time.monotonic()
        self._next = iter(self.orders)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()

    @property
    def done(self) -> bool:
        """Whether everything has been sent."""
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        sender = AlertSender(*self.address)
        while (order := self._take()) is not None:
            time.sleep(max(0.0, self._began + order.at - time.monotonic()))
            self._send(sender, order.body)
        sender.close()

    def _take(self) -> Order | None:
        with self._lock:
            return next(self._next, None)

    def _send(self, sender: AlertSender, body: dict[str, str]) -> None:
        key = body["message_id"]
        while time.monotonic() < self.until:
            try:
                answer = sender.post(body)
            except (OSError, http.client.HTTPException):
                answer = None
            with self._lock:
                if answer is not None and answer.stored:
                    self.taken.add(key)
                    self.firsts[key] += not answer.replayed
                    return
                if answer is not None and answer.status != http.HTTPStatus.SERVICE_UNAVAILABLE:
                    self.odd.append(f"{key}: answered with {answer.status}.")
                    if answer.status < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                        return
                self.retries += 1
            time.sleep(RETRY_PAUSE)


def orders(seconds: float, people: Sequence[Person], dice: random.Random, seed: int) -> list[Order]:
    """The alerts of a run by time, some of them twice."""
    made: list[Order] = []
    for number in range(int(seconds * PER_SECOND)):
        at = dice.uniform(0.0, seconds)
        body = alert(f"C{seed}-{number}", dice.choice(people).contact_id, dice.choice("HHMML"))
        made.append(Order(at, body))
        if dice.random() < AGAIN:
            made.append(Order(at + dice.choice((0.0, 0.0, dice.uniform(0.0, 5.0))), body))
    return sorted(made, key=lambda order: order.at)


class ChaosRun:
    """One run of chaos."""

    def __init__(self, stack: Stack, *, seconds: float, seed: int) -> None:
        dice = random.Random(seed)
        self.stack = stack
        self.people = make_people(PEOPLE, PREFERENCES, dice)
        load(stack, self.people)
        self.schedule = schedule(seconds, dice, lease=LEASE)
        self.orders = orders(seconds, self.people, dice, seed)
        self.mishaps = Mishaps(stack, self.people, seed)
        self.ended: list[str] = []
        self._seed = seed
        self._seconds = seconds
        self._progress = Progress()
        self._sent = 0

    def go(self) -> Verdict:
        """Break things, repair them, compare."""
        self._progress = Progress()
        until = time.monotonic() + self.schedule.seconds + DRAIN_SECONDS
        hospital = HospitalSystems(self.orders, self.stack.address, until)
        for step in self.schedule.steps:
            self._wait(hospital, step.at)
            self._look_after_parts()
            self.mishaps.do(step)
        self._wait(hospital, self._seconds)
        self.mishaps.undo_all()
        self._progress.say("everything is repaired; the rest is being delivered")
        self._drain(hospital)
        verdict = judge(
            answered=sorted(hospital.taken),
            alerts=records.alerts(self.stack),
            received=records.received(self.stack),
            preferences={person.contact_id: person.preferences for person in self.people},
        )
        verdict.violations += [*hospital.odd, *self._unusual(hospital), *self.ended]
        self._report(verdict, hospital)
        return verdict

    def _wait(self, hospital: HospitalSystems, at: float) -> None:
        while self._progress.elapsed < at:
            self._show(hospital)
            time.sleep(max(0.0, min(0.2, at - self._progress.elapsed)))

    def _show(self, hospital: HospitalSystems) -> None:
        if not self._progress.is_due:
            return
        with contextlib.suppress(psycopg.Error):
            [(self._sent,)] = self.stack.rows(
                "SELECT count(DISTINCT alert_id) FROM alerts_delivery WHERE state IN ('sent', 'delivered')"
            )
        self._progress.say(
            f"accepted {len(hospital.taken):4}  sent {self._sent:4}"
            f"  mishaps {self.mishaps.done.total():3}  latest: {self.mishaps.latest}"
        )

    def _look_after_parts(self) -> None:
        """Report and restart each part that ended without being killed."""
        for name in self.stack.ended():
            if name not in self.mishaps.away:
                self.ended.append(f"{name} ended by itself.")
                self.stack.start(name)

    def _drain(self, hospital: HospitalSystems) -> None:
        self.stack.wait_until_ready()
        deadline = time.monotonic() + DRAIN_SECONDS
        hurried = 0.0
        while not (hospital.done and self._is_settled()) and time.monotonic() < deadline:
            self._show(hospital)
            self._look_after_parts()
            if time.monotonic() - hurried > HURRY_EVERY:
                hurried = time.monotonic()
                self._hurry()
            time.sleep(0.3)

    def _is_settled(self) -> bool:
        """Whether every delivery is finished, and every outcome is known."""
        return not self.stack.rows(
            "SELECT 1 FROM alerts_delivery WHERE state IN ('pending', 'sending') OR outcome_due_at IS NOT NULL LIMIT 1"
        )

    def _hurry(self) -> None:
        """Bring waiting times forward: retries, lost hand-overs and outcomes are due now."""
        self.stack.rows(
            "UPDATE alerts_delivery SET available_at = now()"
            " WHERE state = 'pending' AND available_at > now() + interval '3 seconds'"
        )
        self.stack.rows(
            "UPDATE alerts_delivery SET handed_over_at = handed_over_at - interval '60 seconds'"
            " WHERE state = 'pending' AND handed_over_at < now() - interval '8 seconds'"
        )
        self.stack.rows(
            "UPDATE alerts_delivery SET outcome_due_at = now() WHERE outcome_due_at > now() + interval '6 seconds'"
        )

    def _unusual(self, hospital: HospitalSystems) -> list[str]:
        wanted = {order.body["message_id"] for order in self.orders}
        found = [f"{key}: never got a 2xx." for key in sorted(wanted - hospital.taken)]
        found += [f"{key}: {n} answers said it was new." for key, n in hospital.firsts.items() if n > 1]
        return found

    def _report(self, verdict: Verdict, hospital: HospitalSystems) -> None:
        done = ", ".join(f"{name} ×{count}" for name, count in sorted(self.mishaps.done.items()))
        print(f"\nDone in {self._progress.elapsed:.0f} s: {done}.")
        print(f"The hospital tried again {hospital.retries} times.\n")
        print(table(("What", "Count"), rows(verdict)))
        for sentence in verdict.broken:
            print(f"  ! {sentence}")
        print(
            f"\nTo repeat this schedule: make chaos SECONDS={self._seconds:g} SEED={self._seed}"
            " (timing still depends on the machine)"
        )


def rows(verdict: Verdict) -> list[tuple[str, int]]:
    """The verdict as rows of a table."""
    return [
        ("alerts accepted (2xx)", verdict.accepted),
        ("sent or delivered", verdict.sent),
        *((f"failed: {reason}", count) for reason, count in sorted(verdict.failed.items())),
        *((f"in doubt: {reason}", count) for reason, count in sorted(verdict.in_doubt.items())),
        ("duplicates, marked", verdict.duplicates_flagged),
        ("duplicates, NOT marked (must be 0)", len(verdict.duplicates_unflagged)),
        ("lost (must be 0)", len(verdict.lost)),
        ("sent, but not received by AWS (must be 0)", len(verdict.false_sent)),
        ("other violations (must be 0)", len(verdict.violations)),
    ]


def main() -> bool:
    """Returns True if the promise was kept."""
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--seconds", type=whole(5, 3600), default=60, help="of faults, at least 5 (60)")
    parser.add_argument(
        "--seed",
        type=whole(0, 2**32),
        default=random.randrange(10_000),
        help="of the schedule (a random one)",
    )
    options = parser.parse_args()
    print(f"Seed {options.seed}.")
    with Stack(**VARIABLES) as stack:
        verdict = ChaosRun(stack, seconds=options.seconds, seed=options.seed).go()
        stack.keep = bool(verdict.broken)
    return not verdict.broken


if __name__ == "__main__":
    conclude(main)
