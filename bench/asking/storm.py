"""`make asking-storm`: thousands of alerts wait for an answer, the time for all of them ends, and one relay asks the
next people.

It prints how late each next person was asked, by the database's clock: first with the ends spread over a while, then
all at the same moment. Exits with 1 if somebody was asked more than `--most-late` seconds late.
"""

import argparse
from typing import NamedTuple

from bench import waits
from bench.asking import plans
from bench.command import conclude, whole
from bench.load.connections import Load, spread
from bench.load.people import SMS, Person, alert, load
from bench.report import table
from bench.stack import PARTS, Stack, StackError

CONNECTIONS = 16
PEOPLE = 60
"""People whom the alerts are for. Each has a colleague who is asked next, and then another."""
WAIT_SECONDS = 3600
TAKEN_UP_SECONDS = 120.0
SETTLE_SECONDS = 180.0
ONE_RELAY = tuple(part for part in PARTS if part != "relay-2")
VARIABLES = {
    # This does not measure the account's quotas.
    "SMS_PER_SECOND": "10000",
}


class Late(NamedTuple):
    """How late people were asked, in milliseconds."""

    p50: float
    p95: float
    most: float


class AskingStorm:
    """One measurement."""

    def __init__(self, stack: Stack, load_: Load, *, loops: int, over: int) -> None:
        self._stack = stack
        self._load = load_
        self._loops = loops
        self._over = over
        self._people = [Person(number, SMS) for number in range(1, 3 * PEOPLE + 1)]
        load(stack, self._people)
        first, second, third = (self._people[each * PEOPLE :][:PEOPLE] for each in range(3))
        for person, *following in zip(first, second, third, strict=True):
            plans.make(stack, person, following, wait_seconds=WAIT_SECONDS, priorities="H")

    def go(self) -> dict[str, Late]:
        """Measure. The alerts are taken once. Each measurement is the end of the wait for another person."""
        bodies = [alert(f"L-{n}", self._people[n % PEOPLE].contact_id, "H") for n in range(self._loops)]
        taken = self._load.post(spread(bodies, CONNECTIONS))
        print(
            f"{self._loops} High that want an answer POSTed over {CONNECTIONS} connections in {taken.seconds:.1f} s"
            f" ({self._loops / taken.seconds:.0f}/s, {dict(taken.answers)}).",
            flush=True,
        )
        self._settle()
        found = {f"over {self._over} s": self._end_waits(2, self._over)}
        self._settle()
        found["in one moment"] = self._end_waits(3, 0)
        return found

    def _end_waits(self, number: int, over: int) -> Late:
        """Let everybody's time end within this many seconds, one second from now. Returns how late the next people were
        asked.
        """
        with self._stack.session() as session, session.transaction():
            session.execute(
                "CREATE TABLE bench_due AS SELECT alert_id, statement_timestamp() + interval '1 second'"
                " + %s * interval '1 second' * (row_number() OVER (ORDER BY alert_id) - 1) / %s AS due_at"
                " FROM alerts_loop WHERE ended_at IS NULL",
                (over, self._loops),
            )
            for table_, condition in (("loop", "ended_at IS NULL"), ("engagement", "state = 'asked'")):
                session.execute(
                    f"UPDATE alerts_{table_} AS each SET due_at = bench_due.due_at FROM bench_due"  # noqa: S608
                    f" WHERE bench_due.alert_id = each.alert_id AND each.{condition}".encode()
                )
        self._until_asked(number)
        [found] = self._stack.rows(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late),"
            " percentile_cont(0.95) WITHIN GROUP (ORDER BY late), max(late) FROM ("
            "  SELECT extract(epoch FROM asked_at - bench_due.due_at) * 1000 AS late"
            "  FROM alerts_engagement JOIN bench_due USING (alert_id) WHERE number = %s) AS all_of_them",
            number,
        )
        self._stack.rows("DROP TABLE bench_due")
        return Late(*map(float, found))

    def _until_asked(self, number: int) -> None:
        query = "SELECT greatest(0, %s - count(*)) FROM alerts_engagement WHERE number = %s"
        seconds = self._over + TAKEN_UP_SECONDS
        if left := waits.left_after(
            seconds, self._stack, query, self._loops, number, what="are still to be asked"
        ):
            raise StackError(f"{left} of {self._loops} were not asked. The log is {self._stack.log}")

    def _settle(self) -> None:
        """Wait until all SMS are sent, so that they do not disturb the measurement."""
        waits.left_after(SETTLE_SECONDS, self._stack, waits.UNFINISHED)


def main() -> bool:
    """Returns True if nobody was asked too late."""
    parser = argparse.ArgumentParser(prog="python -m bench.asking.storm", description=__doc__)
    parser.add_argument("--loops", type=whole(1), default=2000, help="alerts that wait for an answer (2,000)")
    parser.add_argument(
        "--over", type=whole(0, 600), default=30, help="seconds over which their times end (30)"
    )
    parser.add_argument(
        "--most-late", type=whole(0, 600), default=2, help="seconds by which a person may be asked late (2)"
    )
    options = parser.parse_args()
    with Stack(ONE_RELAY, **VARIABLES) as stack:
        storm = AskingStorm(stack, Load(stack.address), loops=options.loops, over=options.over)
        found = storm.go()
    print("\nThe next person was asked late by, in milliseconds, with one relay:\n")
    print(
        table(
            ("times end", "p50", "p95", "max"),
            [(name, *(f"{each:.0f}" for each in late)) for name, late in found.items()],
        )
    )
    return all(late.most < options.most_late * 1000 for late in found.values())


if __name__ == "__main__":
    conclude(main)
