"""Parts of Bleep that write their spans to one file, and the trees that these spans make."""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.db import connection

from tests.environment import database_url, free_port
from tests.processes import ENTRY_POINT, answers, at_once, running, wait_until

READY = {"relay": "relay.started", "worker": "ready."}


@dataclass(frozen=True)
class Tree:
    """A span and what is below it, in the order of its beginning."""

    span: dict[str, Any]
    children: tuple["Tree", ...]

    @property
    def name(self) -> str:
        return str(self.span["name"])

    @property
    def service(self) -> str:
        return str(self.span["resource"]["attributes"]["service.name"])

    def fact(self, name: str) -> Any:
        """An attribute; None if it is missing."""
        return self.span["attributes"].get(name)

    def outline(self) -> Any:
        """The names: of this span, or with those below it."""
        below = [child.outline() for child in self.children]
        return (self.name, below) if below else self.name

    def all(self) -> Iterator["Tree"]:
        """This one, and all below it."""
        yield self
        for child in self.children:
            yield from child.all()

    def named(self, name: str) -> list["Tree"]:
        """All that are called so."""
        return [each for each in self.all() if each.name == name]


@dataclass(frozen=True)
class Traced:
    """Running parts."""

    url: str
    file: Path
    logs: Path

    def spans(self) -> list[dict[str, Any]]:
        """All that were exported so far."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def trees(self, of: str = "") -> list[Tree]:
        """The traces, or the one that a row names, without statements."""
        spans = self.trace(of) if of else self.spans()
        kept = [each for each in spans if "db.system.name" not in each["attributes"]]
        return _below(None, sorted(kept, key=lambda each: each["start_time"]))

    def trace(self, traceparent: str) -> list[dict[str, Any]]:
        """The spans of the trace that a row names."""
        return [each for each in self.spans() if each["context"]["trace_id"] == f"0x{traceparent[3:35]}"]

    def log(self, part: str) -> str:
        """What a part has logged."""
        return (self.logs / f"{part}.log").read_text()


def _below(parent: str | None, spans: list[dict[str, Any]]) -> list[Tree]:
    return [
        Tree(each, tuple(_below(each["context"]["span_id"], spans)))
        for each in spans
        if each["parent_id"] == parent
    ]


@contextmanager
def traced(*parts: str, directory: Path, env: Mapping[str, str]) -> Iterator[Traced]:
    """These parts of Bleep, on the tests' own database, with tracing on."""
    port, file = free_port(), directory / "traces.jsonl"
    common = {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_WORKERS": "1",
        "GRANIAN_PORT": str(port),
        "TRACES": str(file),
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        **env,
    }
    found = Traced(f"http://127.0.0.1:{port}", file, directory)
    with ExitStack() as stack:
        at_once(stack, [running(part, [ENTRY_POINT, part], common, directory) for part in parts])
        for part in parts:
            ready = partial(_is_ready, found, part)
            wait_until(ready, what=f"{part} is ready", seconds=60)
        yield found


def _is_ready(found: Traced, part: str) -> bool:
    return READY[part] in found.log(part) if part in READY else answers(f"{found.url}/healthz")
