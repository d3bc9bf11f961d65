"""`make chaos`: breaks everything that can break, then compares Bleep's alerts with the messages that AWS received.

It POSTs alerts of all priorities while processes are killed, frozen and restarted, Redis is killed, flushed and
refuses, PostgreSQL crashes, refuses and is read-only, and AWS throttles, fails, hangs and loses answers. Then
everything is repaired, the rest is delivered, and a table shows whether the promise was kept. Some people are asked to
take their alerts on, and accept, decline or do not hear, by telephone, by SMS, which all come twice, and by the link.
Exits with 1 if the promise was not kept.
"""

import argparse
import contextlib
import random
import time
from collections import Counter
from collections.abc import Sequence

import psycopg

from bench import records
from bench.asking import plans, verdict as asking
from bench.asking.telephones import Telephones
from bench.command import Progress, conclude, whole
from bench.load.hospital import HospitalSystems, orders
from bench.load.people import Person, Preferences, load, make_people
from bench.mishaps import Mishaps, clocks
from bench.mishaps.schedule import schedule
from bench.report import table
from bench.stack import Stack
from bench.verdict import Verdict, judge

LEASE = 30
"""Seconds (LEASE_SECONDS): the shortest time for a call to AWS and for recording its answer."""
PEOPLE = 36
ASKED = 6
"""How many further people there are, whose alerts want an answer."""
DRAIN_SECONDS = 180.0
"""The longest time for the remaining deliveries once everything is repaired."""
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
    # The calls of those who do not hear ring for this long.
    "CONNECT_RING_SECONDS": "15",
}


class ChaosRun:
    """One run of chaos."""

    def __init__(self, stack: Stack, *, seconds: float, seed: int) -> None:
        dice = random.Random(seed)
        self.stack = stack
        self.people = make_people(PEOPLE, PREFERENCES, dice)
        self.asked = [Person(PEOPLE + each, PREFERENCES[each % 2]) for each in range(1, ASKED + 1)]
        load(stack, [*self.people, *self.asked])
        plans.load(stack, self.asked)
        self.schedule = schedule(seconds, dice, lease=LEASE, clocks=bool(clocks.ahead()))
        self.hospital = HospitalSystems(
            orders(seconds, [*self.people, *self.asked], dice, seed), stack.address
        )
        self.mishaps = Mishaps(stack, self.people, seed, self.hospital.burst)
        self.did: Counter[str] = Counter()
        """How the alerts ended that people were asked about."""
        self.ended: list[str] = []
        self._seed = seed
        self._seconds = seconds
        self._progress = Progress()
        self._sent = 0

    def go(self) -> Verdict:
        """Break things, repair them, compare."""
        self._progress = Progress()
        self.hospital.start(self.schedule.seconds + DRAIN_SECONDS)
        for step in self.schedule.steps:
            self._wait(step.at)
            self._look_after_parts()
            self.mishaps.do(step)
        self._wait(self._seconds)
        self.mishaps.undo_all()
        self._progress.say("everything is repaired; the rest is being delivered")
        self._drain()
        verdict = self._judge()
        verdict.violations += [*self.hospital.odd, *self._unusual(), *self.ended]
        self._report(verdict)
        return verdict

    def _judge(self) -> Verdict:
        preferences = {person.contact_id: person.preferences for person in self.people}
        asked = {person.contact_id for person in self.asked}
        addresses = {
            each for person in self.asked for each in (person.call_number, person.sms_number, person.email)
        }
        to_asked = {
            order.body["message_id"] for order in self.hospital.orders if order.body["contact_id"] in asked
        }
        verdict = judge(
            answered=sorted(self.hospital.taken - to_asked),
            alerts=[alert for alert in records.alerts(self.stack) if alert.contact_id not in asked],
            received=records.received(self.stack, but=addresses),
            preferences=preferences,
        )
        taken = self.hospital.taken & to_asked
        verdict.accepted += len(taken)
        verdict.violations += asking.broken(self.stack, taken=taken, contact_ids=asked)
        arrived = {each.provider_id for each in records.received(self.stack)}
        verdict.false_sent += [
            f"{key}: said sent, and AWS never got it." for key in asking.false_sent(self.stack, arrived)
        ]
        verdict.answers = asking.answers(self.stack)
        return verdict

    def _wait(self, at: float) -> None:
        while self._progress.elapsed < at:
            self.mishaps.go_on()
            self._show()
            time.sleep(max(0.0, min(0.2, at - self._progress.elapsed)))

    def _show(self) -> None:
        if not self._progress.is_due:
            return
        with contextlib.suppress(psycopg.Error):
            [(self._sent,)] = self.stack.rows(
                "SELECT count(DISTINCT alert_id) FROM alerts_delivery WHERE state IN ('sent', 'delivered')",
                lock_seconds=0.2,  # a mishap may have locked the table
            )
        self._progress.say(
            f"accepted {len(self.hospital.taken):4}  sent {self._sent:4}"
            f"  mishaps {self.mishaps.done.total():3}  latest: {self.mishaps.latest}"
        )

    def _look_after_parts(self) -> None:
        """Report and restart each part that ended without being killed."""
        for name in self.stack.ended():
            if name not in self.mishaps.away:
                self.ended.append(f"{name} ended by itself.")
                self.stack.start(name)

    def _drain(self) -> None:
        self.stack.wait_until_ready()
        deadline = time.monotonic() + DRAIN_SECONDS
        hurried = 0.0
        while not (self.hospital.done and self._is_settled()) and time.monotonic() < deadline:
            self._show()
            self._look_after_parts()
            if time.monotonic() - hurried > HURRY_EVERY:
                hurried = time.monotonic()
                self._hurry()
            time.sleep(0.3)

    def _is_settled(self) -> bool:
        """Whether every delivery is finished, every outcome and reply is known, and nobody is asked any more."""
        return not self.stack.rows(
            "SELECT 1 FROM alerts_delivery WHERE state IN ('pending', 'sending') OR outcome_due_at IS NOT NULL"
            " UNION ALL SELECT 1 FROM alerts_loop WHERE ended_at IS NULL LIMIT 1"
        ) and not asking.replies_not_kept(self.stack)

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

    def _unusual(self) -> list[str]:
        found = [f"{key}: never got a 2xx." for key in sorted(self.hospital.wanted - self.hospital.taken)]
        found += [f"{key}: {n} answers said it was new." for key, n in self.hospital.firsts.items() if n > 1]
        return found

    def _report(self, verdict: Verdict) -> None:
        done = ", ".join(f"{name} ×{count}" for name, count in sorted(self.mishaps.done.items()))
        print(f"\nDone in {self._progress.elapsed:.0f} s: {done}.")
        if self.mishaps.overdue:
            print(f"Killed, since they did not end in time: {', '.join(self.mishaps.overdue)}.")
        print(f"The hospital tried again {self.hospital.retries} times.")
        print(f"People: {', '.join(f'{what} ×{count}' for what, count in sorted(self.did.items()))}.\n")
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
        *((f"asked for an answer: {outcome}", count) for outcome, count in sorted(verdict.answers.items())),
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
    if not clocks.ahead():
        print("No clock is set wrong: libfaketime is not installed (apt-get install faketime).")
    with Stack(**VARIABLES) as stack:
        run = ChaosRun(stack, seconds=options.seconds, seed=options.seed)
        numbers = {each for person in run.asked for each in (person.call_number, person.sms_number)}
        with Telephones(stack, numbers, options.seed) as telephones:
            run.did = telephones.did
            verdict = run.go()
        stack.keep = bool(verdict.broken)
    return not verdict.broken


if __name__ == "__main__":
    conclude(main)
