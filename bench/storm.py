"""`make storm`: thousands of Low alerts, and then a few High ones, which must not notice.

For each channel: how long High waits from its acceptance to the call to the provider, with and without the storm, by
the database's clock (`Attempt.started_at` − `Alert.created_at`).
"""

import argparse
import time
from collections.abc import Sequence

from bench.cast import Person, alert, load
from bench.command import Progress, conclude, whole
from bench.load import Load, spread
from bench.report import table
from bench.stack import Stack

CONNECTIONS = 16
PEOPLE = 60
CHANNELS = ("sms", "email", "call")
TRIED_SECONDS = 120.0
VARIABLES = {
    # The account's quotas are not what is measured: with AWS's defaults calls would wait for one another.
    "CONNECT_CALLS_PER_SECOND": "1000",
    "SMS_PER_SECOND": "10000",
}


def cast() -> list[Person]:
    """A third of the people for each channel of High; Low goes by SMS and by e-mail, half of it each."""
    return [
        Person(number, {"H": (CHANNELS[number % 3],), "L": (("sms", "email")[number % 2],)})
        for number in range(1, PEOPLE + 1)
    ]


class Storm:
    """One measurement."""

    def __init__(self, stack: Stack, load_: Load, *, low: int, high: int) -> None:
        self._stack = stack
        self._load = load_
        self._low = low
        self._high = high
        self._cast = cast()
        load(stack, self._cast)

    def go(self) -> bool:
        """Measure and print; False if a High alert was not even tried."""
        self._send_high("warm")  # the first of each process makes its connections
        calm = self._send_high("calm")
        bodies = [alert(f"low-{n}", self._cast[n % PEOPLE].contact_id, "L") for n in range(self._low)]
        result = self._load.post(spread(bodies, CONNECTIONS))
        waiting = self._waiting()
        print(
            f"{self._low} Low POSTed over {CONNECTIONS} connections in {result.seconds:.1f} s"
            f" ({self._low / result.seconds:.0f}/s, {dict(result.answers)}); {waiting} still wait.",
            flush=True,
        )
        began = time.monotonic()
        storm = self._send_high("storm")
        left = self._waiting()
        rate = (waiting - left) / (time.monotonic() - began)
        print(f"High sent; {left} Low still wait ({rate:.0f}/s were sent meanwhile).\n")
        self._print()
        return calm and storm

    def _send_high(self, name: str) -> bool:
        """As many for each channel, one after the other; True once a provider was called for each."""
        urgent = [
            alert(f"{name}-{n}", person.contact_id, "H")
            for n, person in enumerate(self._cast * self._high)
            if n < self._high * len(CHANNELS)
        ]
        self._load.post([urgent])
        progress = Progress()
        while (tried := self._tried(name)) < len(urgent) and progress.elapsed < TRIED_SECONDS:
            progress.show(f"{tried} of {len(urgent)} High were tried")
            time.sleep(0.2)
        return tried == len(urgent)

    def _tried(self, name: str) -> int:
        return self._count(
            "SELECT count(*) FROM alerts_alert a JOIN alerts_delivery d ON d.alert_id = a.id"
            " WHERE d.attempt_count > 0 AND a.message_id LIKE %s",
            f"{name}-%",
        )

    def _waiting(self) -> int:
        return self._count("SELECT count(*) FROM alerts_delivery WHERE priority = 'L' AND state = 'pending'")

    def _count(self, query: str, *values: str) -> int:
        [(count,)] = self._stack.rows(query, *values)
        return int(count)

    def _print(self) -> None:
        lines = [
            (channel, *self._milliseconds("calm", channel), *self._milliseconds("storm", channel))
            for channel in CHANNELS
        ]
        print("High, from acceptance to the provider's call, in milliseconds:\n")
        head = ("channel", "p50 calm", "p95 calm", "max calm", "p50 storm", "p95 storm", "max storm")
        print(table(head, lines))

    def _milliseconds(self, name: str, channel: str) -> Sequence[str]:
        [found] = self._stack.rows(
            "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY waited),"
            " percentile_cont(0.95) WITHIN GROUP (ORDER BY waited), max(waited) FROM ("
            "  SELECT extract(epoch FROM t.started_at - a.created_at) * 1000 AS waited"
            "  FROM alerts_alert a JOIN alerts_delivery d ON d.alert_id = a.id"
            "  JOIN alerts_attempt t ON t.delivery_id = d.id AND t.number = 1"
            "  WHERE a.message_id LIKE %s AND d.channel = %s) AS waits",
            f"{name}-%",
            channel,
        )
        return ["–" if value is None else f"{value:.0f}" for value in found]


def main() -> bool:
    """True if every High alert was tried."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--low", type=whole(1), default=10_000, help="Low alerts (10,000)")
    parser.add_argument("--high", type=whole(1), default=50, help="High alerts for each channel (50)")
    options = parser.parse_args()
    with Stack(**VARIABLES) as stack, Load(stack) as senders:
        return Storm(stack, senders, low=options.low, high=options.high).go()


if __name__ == "__main__":
    conclude(main)
