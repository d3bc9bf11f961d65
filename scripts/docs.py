"""`make docs`: writes the generated parts of the documents.

A generated part is between `<!-- made by "make docs": NAME -->` and `<!-- end of NAME -->`. Everything else in those
files is written by hand. `tests/docs` fails when a part is out of date.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from alerts.deliveries.retry import QUOTA_TRIES, SCHEDULES
from config.env import VARIABLES
from contacts.choices import Priority
from deploy.aws.permissions import PERMISSIONS
from scripts.flow_drawing import drawing

ROOT = Path(__file__).resolve().parent.parent


def configuration() -> str:
    """Every environment variable that Bleep reads."""
    rows = ((f"`{name}`", _code(each.default), each.meaning) for name, each in VARIABLES.items())
    return table(("Variable", "Default", "Meaning"), rows)


def retries() -> str:
    """How long and how often a delivery of each priority is tried."""
    rows = (
        (f"`{priority.value}`", str(each.tries), _span(each.age), _span(each.first), _span(each.longest))
        for priority, each in ((priority, SCHEDULES[priority]) for priority in Priority)
    )
    head = ("Priority", "Tries", "Given up after", "First wait, at most", "Longest wait")
    quota = f"Where a quota of AWS is used up, there are {QUOTA_TRIES} tries at most, unless no other channel is left."
    return f"{table(head, rows)}\n\n{quota}"


def permissions() -> str:
    """What Bleep may do in AWS, and why."""
    rows = (
        (
            f"`{each.sid}`",
            ", ".join(f"`{action}`" for action in each.actions),
            ("all but " if each.all_but else "") + ", ".join(f"`{resource}`" for resource in each.resources),
            each.why,
            each.without,
        )
        for each in PERMISSIONS
    )
    return table(("Statement", "Actions", "On", "Why", "Without it"), rows)


def speed() -> str:
    """What `make bench` measured, beside its goals."""
    return _measured("performance", "table")


def modes() -> str:
    """What `make compare-modes` measured at each rate."""
    return _measured("sync-vs-async", "table")


def modes_outage() -> str:
    """What it measured while the provider was away."""
    return _measured("sync-vs-async", "outage_table")


def read(path: str) -> str:
    """The text of a file of this repository."""
    return (ROOT / path).read_text(encoding="utf-8")


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "configuration": ("docs/deployment.md", configuration),
    "contact_flow": ("docs/aws.md", drawing),
    "permissions": ("docs/aws.md", permissions),
    "modes": ("docs/sync-vs-async.md", modes),
    "modes_outage": ("docs/sync-vs-async.md", modes_outage),
    "speed": ("docs/performance.md", speed),
    "retries": ("docs/recovery.md", retries),
}
"""For each generated part: its file, and the function that makes it."""


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def refreshed(text: str, name: str) -> str:
    """`text` with the part `name` generated again.

    Raises:
        ValueError: `text` does not have the part's two markers, once each.
    """
    start, end = f'<!-- made by "make docs": {name} -->', f"<!-- end of {name} -->"
    made = PARTS[name][1]()
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    replaced, count = pattern.subn(lambda _: f"{start}\n{made}\n{end}", text)
    if count != 1:
        raise ValueError(f"{PARTS[name][0]} must have the part {name!r} once, but has it {count} times.")
    return replaced


def main() -> None:
    """Write every part that is out of date."""
    for name, (file, _) in PARTS.items():
        path = ROOT / file
        text = path.read_text(encoding="utf-8")
        made = refreshed(text, name)
        if made != text:
            path.write_text(made, encoding="utf-8")
            sys.stdout.write(f"{file}: {name} updated.\n")


def _measured(file: str, name: str) -> str:
    measured = json.loads(read(f"docs/{file}.json"))
    taken = measured["taken"]
    head, rows = measured[name]["head"], measured[name]["rows"]
    lines = table(tuple(head), (tuple(row) for row in rows)).splitlines()
    lines[1] = f"| --- |{' ---: |' * (len(head) - 1)}"
    busy = f"which had a load of {taken['load_before']:g} from other work before it began"
    note = f"Taken on {taken['on']} on {taken['processors']} processors, {busy}."
    return "\n".join([*lines, "", note])


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _span(time: timedelta) -> str:
    seconds = int(time.total_seconds())
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


if __name__ == "__main__":
    main()
