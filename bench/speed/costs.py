"""The cost of an alert from its POST to its recorded answer, the cost of an idle relay, and the memory of
everything.
"""

import time
from collections.abc import Mapping, Sequence

from bench import waits
from bench.load.connections import Load, spread
from bench.load.people import Person, alert
from bench.speed.figures import Figure
from bench.stack import AWS, PARTS, SERVERS, Stack, StackError, cpu_seconds

CONNECTIONS = 16
MEASURED = (*PARTS, *SERVERS)
WARM = 200
MEGABYTE = 1_000_000


def cost(stack: Stack, people: Sequence[Person], *, alerts: int) -> list[Figure]:
    """Milliseconds of processor time per alert, by process, for this many alerts that come at once.

    Raises:
        StackError: one was not sent.
    """
    load = Load(stack.address)
    _send(stack, load, people, "warm", WARM)  # the first alert of each process opens its connections
    before, began = _used(stack, (*MEASURED, AWS)), time.monotonic()
    _send(stack, load, people, "cost", alerts)
    seconds, after = time.monotonic() - began, _used(stack, (*MEASURED, AWS))
    each = {name: (after[name] - before[name]) / alerts * 1000 for name in after}
    stand_in = each.pop(AWS)
    return [
        Figure("processor", "processor, from POST to recorded answer", sum(each.values()), "ms"),
        *(Figure(f"processor_{name}", f"  {name}", value, "ms") for name, value in each.items()),
        Figure("processor_stand_in", "  (the stand-in for AWS, not counted)", stand_in, "ms"),
        Figure("from_end_to_end", "sent, as fast as they come in and go out", alerts / seconds, "a second"),
    ]


def idle(stack: Stack, *, seconds: float) -> list[Figure]:
    """The share of a core that an idle relay takes: the busier of two."""
    relays = ("relay-1", "relay-2")
    time.sleep(2.0)
    before = _used(stack, relays)
    time.sleep(seconds)
    after = _used(stack, relays)
    share = max(after[name] - before[name] for name in relays) / seconds
    return [Figure("idle_relay", "an idle relay", 100 * share, "% of a core")]


def memory(stack: Stack) -> list[Figure]:
    """The memory of the parts, with shared pages divided among the processes that share them (PSS)."""
    each = {
        name: sum(process.memory_full_info().pss for process in stack.family(name)) / MEGABYTE
        for name in PARTS
    }
    return [
        Figure("memory", "memory of all parts (PSS)", sum(each.values()), "MB"),
        *(Figure(f"memory_{name}", f"  {name}", value, "MB") for name, value in each.items()),
    ]


def _send(stack: Stack, load: Load, people: Sequence[Person], name: str, count: int) -> None:
    bodies = [alert(f"{name}-{n}", people[n % len(people)].contact_id, "HML"[n % 3]) for n in range(count)]
    answers = load.post(spread(bodies, CONNECTIONS)).answers
    if set(answers) != {"202"}:
        raise StackError(f"Every POST should be answered with 202, but the answers were {dict(answers)}.")
    waits.settle(stack)


def _used(stack: Stack, names: Sequence[str]) -> Mapping[str, float]:
    return {name: cpu_seconds(stack.family(name)) for name in names}
