"""`make duplicate-storm`: many connections send the same alerts at once. Each must be stored and sent exactly once.

Exits with 1 unless there is one alert and one message for each id, and every other answer is a replay.
"""

import argparse
import random

from bench import records, waits
from bench.command import conclude, whole
from bench.load.connections import Load, LoadResult
from bench.load.people import SMS, alert, load, make_people
from bench.report import table
from bench.stack import Stack
from bench.verdict import judge

SETTLE_SECONDS = 120.0


def run(stack: Stack, *, connections: int, ids: int) -> bool:
    """Send, wait until everything is delivered, and compare. Returns True if all counts are right."""
    people = make_people(20, [SMS], random.Random(0))
    load(stack, people)
    bodies = [alert(f"D-{number}", people[number % len(people)].contact_id, "M") for number in range(ids)]
    result = Load(stack.address).post([bodies] * connections)
    waits.left_after(SETTLE_SECONDS, stack, waits.UNFINISHED)  # what is left then is counted as lost
    keys = [body["message_id"] for body in bodies]
    alerts, received = records.alerts(stack), records.received(stack)
    verdict = judge(
        answered=keys,
        alerts=alerts,
        received=received,
        preferences={person.contact_id: person.preferences for person in people},
    )
    expected = {
        "202": ids,
        "200": ids * (connections - 1),
        "alerts stored": ids,
        "messages received": ids,
    }
    counted = _counted(result, len(alerts), len(received))
    names = [*expected, *(name for name in counted if name not in expected)]
    print(f"{connections} connections × {ids} ids in {result.seconds:.1f} s\n")
    print(table(("What", "Found", "Must be"), [(n, counted.get(n, 0), expected.get(n, 0)) for n in names]))
    for sentence in verdict.broken:
        print(f"  ! {sentence}")
    return counted == expected and not verdict.broken


def _counted(result: LoadResult, alerts: int, messages: int) -> dict[str, int]:
    return {**result.answers, "alerts stored": alerts, "messages received": messages}


def main() -> bool:
    """Returns True if every alert was stored and sent exactly once."""
    parser = argparse.ArgumentParser(prog="python -m bench.duplicate_storm", description=__doc__)
    parser.add_argument("--connections", type=whole(1, 500), default=40, help="at once (40)")
    parser.add_argument(
        "--ids", type=whole(1), default=200, help="message_ids, each sent over every connection (200)"
    )
    options = parser.parse_args()
    with Stack(SMS_PER_SECOND="10000") as stack:
        right = run(stack, connections=options.connections, ids=options.ids)
        stack.keep = not right
    return right


if __name__ == "__main__":
    conclude(main)
