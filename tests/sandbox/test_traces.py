"""`make trace` draws the newest trace, or says why there is none."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox import traces
from sandbox.banner import banner
from sandbox.run_settings import Ports, RunSettings, environment, traces_of


def span(
    number: int, parent: int | None, name: str, facts: dict[str, Any], *, at: float, trace: int = 1
) -> str:
    """A line of the file: it began `at` seconds past the minute, and took 20 ms."""
    return json.dumps(
        {
            "name": name,
            "context": {"trace_id": f"0x{trace:032x}", "span_id": f"0x{number:016x}"},
            "parent_id": parent and f"0x{parent:016x}",
            "start_time": f"2026-11-30T00:00:{at:09.6f}Z",
            "end_time": f"2026-11-30T00:00:{at + 0.02:09.6f}Z",
            "status": {"status_code": "ERROR" if "bleep.reason" in facts else "UNSET"},
            "attributes": facts,
            "resource": {"attributes": {"service.name": "bleep-worker"}},
        }
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Alert 3, and a span of alert 2 that was written later."""
    lines = [
        span(4, 3, "SNS.Publish", {"http.status_code": 400}, at=1.012),
        span(3, 2, "send", {"bleep.reason": "refused"}, at=1.01),
        span(5, 3, "UPDATE", {"db.system.name": "postgresql"}, at=1.011),
        span(6, 1, "ask", {"bleep.outcome": "delivered"}, at=1.5),
        span(2, 1, "deliver", {"bleep.alert_id": 3, "bleep.channel": "sms"}, at=1.0),
        span(1, None, "POST notification", {"bleep.alert_id": 3, "http.response.status_code": 202}, at=0.9),
        span(9, None, "POST notification", {"bleep.alert_id": 2}, at=0.1, trace=2),
    ]
    traces_of(tmp_path).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path


def test_the_newest_alert_is_drawn_as_a_tree(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert traces.main(["--data", str(data)]) == 0

    head, _, *tree = capsys.readouterr().out.splitlines()
    assert head == f"Alert 3   trace {1:032x}   30 November 2026 00:00:00 UTC"
    assert [" ".join(line.split()) for line in tree] == [
        "0 20.0 POST notification worker · 202",
        "100 20.0 ├─ deliver worker · channel sms",
        "110 20.0 │ └─ send worker · reason refused · SQL 1× in 20 ms · FAILED",
        "112 20.0 │ └─ SNS.Publish worker · 400",
        "600 20.0 └─ ask worker · outcome delivered",
    ]


def test_an_alert_can_be_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert traces.main(["2", "--data", str(data)]) == 0

    assert capsys.readouterr().out.startswith(f"Alert 2   trace {2:032x}")


def test_an_alert_without_a_trace_is_said_to_have_none(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert traces.main(["7", "--data", str(data)]) == 1

    assert "There is no trace of alert 7 in" in capsys.readouterr().err


def test_without_traces_it_says_how_to_get_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert traces.main(["--data", str(tmp_path)]) == 1

    assert "start Bleep with `make run ARGS=--traces` first." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "given", "where"),
    [(True, {}, "traces.jsonl"), (False, {"TRACES": "otlp"}, "otlp"), (False, {}, "")],
)
def test_a_run_keeps_traces_if_asked_to_and_says_where(
    tmp_path: Path, asked: bool, given: dict[str, str], where: str
) -> None:
    settings = RunSettings(tmp_path, Ports(8000), given, traces=asked)

    assert environment(settings).get("TRACES", "").endswith(where)
    assert f"Traces      {(where and (str(tmp_path / where) if asked else where)) or 'off'}" in banner(
        settings
    )


def test_a_line_that_is_not_whole_is_left_out(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with traces_of(data).open("a") as file:
        file.write(span(8, 1, "ask", {}, at=2)[:40])

    assert traces.main(["--data", str(data)]) == 0

    printed = capsys.readouterr()
    assert printed.out.startswith("Alert 3 ")
    assert "Line 8" in printed.err
