"""docs/monitoring.md: states, reasons, log events and checks are those of the code."""

import ast
import re
from pathlib import Path

from alerts import labels
from alerts.states import DELIVERY_TRANSITIONS
from audit.middleware import REFUSED
from audit.models import EventName
from config import checks
from tests.docs.documents import ROOT, read, rows

PAGE = "docs/monitoring.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
"""The methods of a logger."""


def test_every_state_has_its_row_in_the_codes_words() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows(read(PAGE), "State")}

    assert shown == {state.value: meaning for state, meaning in labels.DELIVERY.items()}


def test_every_reason_has_its_row_in_the_codes_words() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows(read(PAGE), "Reason")}

    assert shown == {reason.value: str(why) for reason, why in labels.REASON.items()}


def test_every_row_says_what_to_do() -> None:
    table = [*rows(read(PAGE), "State"), *rows(read(PAGE), "Reason")]

    assert len(table) == len(labels.DELIVERY) + len(labels.REASON)
    assert all(len(row) == 3 and row[2] for row in table)


def test_every_log_event_has_its_row() -> None:
    shown = {name for row in rows(read(PAGE), "Event") for name in re.findall(r"`([a-z._]+)`", row[0])}

    assert shown == {
        event
        for room in ("alerts", "audit", "clients", "config", "contacts", "retention", "staff")
        for path in (ROOT / room).rglob("*.py")
        for event in _events(path)
    } | {event.value for event in EventName if event.value.startswith("security.")} | set(REFUSED.values())


def test_every_system_check_has_its_row() -> None:
    shown = {row[0].strip("`") for row in rows(read(PAGE), "Id")}

    assert shown == set(re.findall(r'"(bleep\.[EW]\d+)"', Path(checks.__file__).read_text(encoding="utf-8")))


def test_the_diagram_of_states_has_the_ways_of_the_code() -> None:
    drawn = re.findall(r"^    (\w+) --> (\w+)", read("docs/architecture.md"), re.MULTILINE)

    assert len(drawn) == len(set(drawn))
    assert set(drawn) == {
        (old.value, new.value) for old, ways in DELIVERY_TRANSITIONS.items() for new in ways
    }


def _events(path: Path) -> set[str]:
    """The names of the events that a module logs: the argument of a logger's method, or of `ChannelError.report`, or
    those of an `Outage`.
    """
    found: set[str] = set()
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func).split(".")
        if name[-1] == "Outage":
            found |= {str(word.value.value) for word in call.keywords if isinstance(word.value, ast.Constant)}
        match name, call.args:
            case ["log", method], [ast.Constant(event), *_] if method in LEVELS:
                found.add(str(event))
            case [_, "report"], [ast.Name("log"), ast.Constant(event)]:
                found.add(str(event))
    return found
