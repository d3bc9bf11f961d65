"""`make storm`: thousands of Low alerts, then a few High ones, which they must not delay.

For each channel, it prints the time from acceptance of High to the call to the provider, with and without the storm, by
the database's clock (`Attempt.started_at` − `Alert.created_at`). Exits with 1 if the storm delays High by too much.
"""

import argparse
import time
from collections.abc import Sequence

from bench import waits
from bench.command import conclude, whole
from bench.load.connections import Load, spread
from bench.load.people import CHANNELS, alert, by_channel, load
from bench.report import table
from bench.stack import NoResultError, Stack
from bench.waits import Waits

CONNECTIONS = 16
PEOPLE = 60
NO_STORM = "No Low alert was waiting when High was sent, so this was no storm: send more of them (--low)."
VARIABLES = {
    # This does not measure the account's quotas: with AWS's defaults, calls would wait for one another.
    "CONNECT_CALLS_PER_SECOND": "1000",
    "SMS_PER_SECOND": "10000",
}


class Storm:
    """One measurement."""

    def __init__(self, stack: Stack, load_: Load, *, low: int, high: int, most_delay: float) -> None:
        """`most_delay`: the seconds by which the storm may delay the 95th percentile of High."""
        self._stack = stack
        self._load = load_
        self._low = low
        self._high = high
        self._most_delay = most_delay
        self._people = by_channel(1, PEOPLE)
        load(stack, self._people)

    def go(self) -> bool:
        """Measure and print. Returns False if High had to wait for Low.

        Raises:
            StackError: a High alert was not tried.
            NoResultError: no Low alert waited while High was sent.
        """
        self._send_high("warm")  # the first alert of each process opens its connections
        self._send_high("calm")
        bodies = [alert(f"low-{n}", self._people[n % PEOPLE].contact_id, "L") for n in range(self._low)]
        result = self._load.post(spread(bodies, CONNECTIONS))
        waiting = self._stack.rows(waits.LOW_WAITING)[0][0]
        print(
            f"{self._low} Low POSTed over {CONNECTIONS} connections in {result.seconds:.1f} s"
            f" ({self._low / result.seconds:.0f}/s, {dict(result.answers)}); {waiting} still wait when High starts.",
            flush=True,
        )
        began = time.monotonic()
        self._send_high("storm")
        left = self._stack.rows(waits.LOW_WAITING)[0][0]
        rate = (waiting - left) / (time.monotonic() - began)
        print(f"High sent; {left} Low still wait ({rate:.0f}/s were sent meanwhile).\n")
        calm, storm = (
            {channel: waits.of(self._stack, name, channel) for channel in CHANNELS}
            for name in ("calm", "storm")
        )
        print("High, from acceptance to the provider's call, in milliseconds:\n")
        head = ("channel", "p50 calm", "p95 calm", "max calm", "p50 storm", "p95 storm", "max storm")
        print(table(head, [(name, *_shown(calm[name]), *_shown(storm[name])) for name in CHANNELS]))
        late = [name for name in CHANNELS if storm[name].p95 > calm[name].p95 + self._most_delay * 1000]
        if not (late or left):
            raise NoResultError(NO_STORM)
        print(f"\nIn the storm the p95 may be {self._most_delay:g} s above the calm one. {_verdict(late)}")
        return not late

    def _send_high(self, name: str) -> None:
        """Send High alerts, the same number for each channel. Returns once each has been tried."""
        urgent = [
            alert(f"{name}-{n}", person.contact_id, "H")
            for n, person in enumerate(self._people * self._high)
            if n < self._high * len(CHANNELS)
        ]
        self._load.post([urgent])
        waits.until_tried(self._stack, name, len(urgent))


def _shown(figures: Waits) -> list[str]:
    return [f"{each:.0f}" for each in (figures.p50, figures.p95, figures.most)]


def _verdict(late: Sequence[str]) -> str:
    return f"High had to wait for Low by {', '.join(late)}." if late else "High does not wait for Low."


def main() -> bool:
    """Returns True if High did not wait for Low."""
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--low", type=whole(1), default=10_000, help="Low alerts (10,000)")
    parser.add_argument("--high", type=whole(1), default=50, help="High alerts for each channel (50)")
    parser.add_argument(
        "--most-delay",
        type=whole(0, 60),
        default=1,
        help="seconds by which the storm may delay High's 95th percentile (1)",
    )
    parser.add_argument(
        "--sns-seconds",
        type=whole(0, 10),
        default=0,
        help="that SNS takes for each message; a slow SNS makes a queue on any machine (0)",
    )
    options = parser.parse_args()
    with Stack(**VARIABLES) as stack:
        if options.sns_seconds:
            stack.misbehave({"operation": "sns:Publish", "kind": "delay", "seconds": options.sns_seconds})
        storm = Storm(
            stack, Load(stack.address), low=options.low, high=options.high, most_delay=options.most_delay
        )
        return storm.go()


if __name__ == "__main__":
    conclude(main)
