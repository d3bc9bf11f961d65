"""`make trace`: draws the trace of an alert that was sent to `make run ARGS=--traces`, the newest or the one named.

make trace              the newest
make trace ARGS=12      alert 12, by the number in its address in the admin, and in the log
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sandbox.run_settings import ROOT, shown, traces_of

SHOWN = ("channel", "queue", "attempt", "outcome", "reason")
HTTP = ("http.response.status_code", "http.status_code")
WIDTH = 52


@dataclass(frozen=True)
class Span:
    """One line of the file."""

    fields: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.fields["context"]["span_id"])

    @property
    def trace(self) -> str:
        return str(self.fields["context"]["trace_id"]).removeprefix("0x")

    @property
    def parent(self) -> str | None:
        found: str | None = self.fields["parent_id"]
        return found

    @property
    def begin(self) -> datetime:
        return datetime.fromisoformat(self.fields["start_time"])

    @property
    def milliseconds(self) -> float:
        return (datetime.fromisoformat(self.fields["end_time"]) - self.begin).total_seconds() * 1000

    @property
    def is_sql(self) -> bool:
        return "db.system.name" in self.fields["attributes"]

    @property
    def alert(self) -> int | None:
        found: int | None = self.fields["attributes"].get("bleep.alert_id")
        return found

    def words(self, statements: list["Span"]) -> str:
        """The attributes of the span: who did it, and its result."""
        facts = self.fields["attributes"]
        said = [str(self.fields["resource"]["attributes"].get("service.name", "")).removeprefix("bleep-")]
        said += [str(facts[name]) for name in HTTP if name in facts]
        said += [f"{name} {facts[f'bleep.{name}']}" for name in SHOWN if f"bleep.{name}" in facts]
        if statements:
            said.append(f"SQL {len(statements)}× in {sum(each.milliseconds for each in statements):.0f} ms")
        if self.fields["status"]["status_code"] == "ERROR":
            said.append("FAILED")
        return " · ".join(said)


def main(arguments: list[str] | None = None) -> int:
    """Print the tree, or say why there is none (returns 1)."""
    parser = argparse.ArgumentParser(prog="make trace", description="Draw the trace of an alert.")
    parser.add_argument(
        "alert", type=int, nargs="?", help="its number; without one, the newest that was traced"
    )
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".local", help="directory of the run's data (.local)"
    )
    options = parser.parse_args(arguments)
    file = traces_of(options.data)
    if not file.exists():
        print(f"There is no {shown(file)}: start Bleep with `make run ARGS=--traces` first.", file=sys.stderr)
        return 1
    spans = list(_spans(file))
    found = [span for span in spans if span.alert is not None and options.alert in (None, span.alert)]
    if not found:
        which = "an alert" if options.alert is None else f"alert {options.alert}"
        print(
            f"There is no trace of {which} in {shown(file)}. A span comes within a second.", file=sys.stderr
        )
        return 1
    newest = max(found, key=lambda span: span.begin)
    print("\n".join(drawn([span for span in spans if span.trace == newest.trace], f"Alert {newest.alert}")))
    return 0


def _spans(file: Path) -> Iterator[Span]:
    """The spans in the file. Incomplete lines, which a full disk leaves, are skipped."""
    for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        try:
            yield Span(json.loads(line))
        except ValueError:
            print(f"Line {number} of {shown(file)} is not whole, and is left out.", file=sys.stderr)


def drawn(spans: list[Span], title: str) -> Iterator[str]:
    """The tree, one span per line: when it began and how long it took, in milliseconds, its name, and its
    attributes.
    """
    ordered = sorted(spans, key=lambda span: span.begin)
    known = {span.id for span in spans}
    roots = [span for span in ordered if span.parent not in known]
    yield f"{title}   trace {ordered[0].trace}   {ordered[0].begin:%d %B %Y %H:%M:%S} UTC"
    yield f"{'at':>8} {'took':>8}   (milliseconds)"
    for root in roots:
        yield from _lines(root, ordered, ordered[0].begin, "", "")


def _lines(span: Span, ordered: list[Span], zero: datetime, first: str, rest: str) -> Iterator[str]:
    below = [each for each in ordered if each.parent == span.id]
    children = [each for each in below if not each.is_sql]
    at = (span.begin - zero).total_seconds() * 1000
    words = span.words([each for each in below if each.is_sql])
    yield f"{at:8.0f} {span.milliseconds:8.1f}   {first + span.fields['name']:<{WIDTH}} {words}"
    for child in children:
        last = child is children[-1]
        yield from _lines(
            child, ordered, zero, f"{rest}{'└─ ' if last else '├─ '}", f"{rest}{'   ' if last else '│  '}"
        )


if __name__ == "__main__":
    sys.exit(main())
