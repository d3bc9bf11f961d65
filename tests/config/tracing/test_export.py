"""Spans reach a collector or a file, and a collector that fails holds up nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests

from alerts.models import Delivery
from clients import tokens
from clients.models import ApiClient
from contacts.models import Clinician
from tests.aws import Aws
from tests.config.server import run, silent_server
from tests.config.tracing.traced import traced
from tests.factories import an_alert
from tests.processes import wait_until

ONE_SPAN = """
import django
django.setup()
from config import tracing
tracing.start()
with tracing.span("deliver", parent="00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01", alert_id=7):
    pass
"""
THEN_END = (
    ONE_SPAN
    + """
import time
from multiprocessing import util
begun = time.monotonic()
util._run_finalizers()
print("ended in time" if time.monotonic() - begun < 10 else "late")
"""
)


class Collector(ThreadingHTTPServer):
    """Keeps the bodies that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Taking(BaseHTTPRequestHandler):
    """Answers each POST with 200."""

    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_collector_gets_the_spans_at_the_latest_when_the_process_ends() -> None:
    with collector() as found:
        result = run(
            "-c", ONE_SPAN, TRACES="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=found.url, OTEL_SERVICE_NAME="x-part"
        )

    assert result.returncode == 0, result.stderr
    [(path, body)] = found.taken
    assert path == "/v1/traces"
    assert b"x-part" in body
    assert b"bleep.alert_id" in body
    assert bytes.fromhex("0af7651916cd43dd8448eb211c80319c") in body


def test_a_collector_that_hangs_holds_up_the_end_for_seconds_only() -> None:
    with silent_server() as silent:
        url = f"http://127.0.0.1:{silent.port}"
        result = run(
            "-c", THEN_END, TRACES="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=url, OTEL_EXPORTER_OTLP_TIMEOUT="600"
        )

    assert (result.returncode, result.stdout) == (0, "ended in time\n"), result.stderr


@pytest.mark.parametrize("where", ["otlp", "/no/such/directory/traces.jsonl"])
def test_spans_that_are_lost_are_one_line_in_the_log(where: str) -> None:
    nobody = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "0.1"}
    result = run("-c", ONE_SPAN * 2, TRACES=where, **nobody)

    assert result.returncode == 0
    assert [line for line in result.stderr.splitlines() if "event" in line] == [
        line for line in result.stderr.splitlines() if "traces.lost" in line
    ]
    assert result.stderr.count("traces.lost") == 1


def test_spans_of_which_the_disk_takes_only_a_part_are_lost(tmp_path: Path) -> None:
    file = tmp_path / "traces.jsonl"
    file.write_text("x" * 99_900)
    nearly_full = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
    result = run("-c", nearly_full + ONE_SPAN, TRACES=str(file))

    assert result.returncode == 0
    assert (file.stat().st_size, result.stderr.count("traces.lost")) == (100_000, 1)


def test_a_relay_that_sends_by_itself_is_in_the_trace(
    transactional_db: None, clinician: Clinician, aws: Aws, tmp_path: Path
) -> None:
    """Without Redis; and all of it is in the file once the processes have been stopped."""
    token = tokens.issue(client=ApiClient.objects.create(name="Lab system"))[1]
    env = {"REDIS_URL": "redis://127.0.0.1:9/0", "OTEL_BSP_SCHEDULE_DELAY": "3600000"}
    with traced("web-api", "relay", directory=tmp_path, env=env) as bleep:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(
            f"{bleep.url}/notification", json=an_alert(priority="H"), headers=headers, timeout=10
        )
        assert answer.status_code == 202
        wait_until(
            lambda: Delivery.objects.filter(state="sent").exists(), what="the relay sent it", seconds=30
        )
        assert bleep.spans() == []

    (tree,) = bleep.trees()
    (deliver,) = tree.named("deliver")
    assert (tree.name, tree.service) == ("POST notification", "bleep-web-api")
    assert deliver.outline() == (
        "deliver",
        ["claim", ("send", ["Connect.StartOutboundVoiceContact"]), "record"],
    )
    assert deliver.service == "bleep-relay"
