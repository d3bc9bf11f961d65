"""The hospital systems of `make chaos` send again what was not taken, and report what they should not be told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench.load import hospital
from bench.load.hospital import HospitalSystems, Order
from bench.load.people import alert
from tests.processes import wait_until


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, int]]:
    """A server that gives these answers, one after the other. Yields its host and port."""
    left = list(statuses)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(left.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 100

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield "127.0.0.1", server.server_port
        finally:
            server.shutdown()
            thread.join()


def told(statuses: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> HospitalSystems:
    """The hospital systems after one alert got these answers."""
    monkeypatch.setattr(hospital, "RETRY_PAUSE", 0.0)
    with answering(*statuses) as (host, port):
        orders = [Order(0.0, alert("K-1", "B-1", "H"))]
        systems = HospitalSystems(orders, (host, port, "token"))
        systems.start(10)
        wait_until(lambda: systems.done, what="every alert is taken or given up")
    return systems


@pytest.mark.parametrize("refusal", [408, 503])
def test_an_alert_to_be_sent_again_is_sent_until_it_is_taken(
    refusal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = told([refusal, refusal, 202], monkeypatch)

    assert (systems.taken, systems.odd, systems.retries) == ({"K-1"}, [], 2)


@pytest.mark.parametrize(("statuses", "taken"), [([500, 202], {"K-1"}), ([400], set()), ([409], set())])
def test_an_answer_that_should_not_come_is_reported(
    statuses: list[int], taken: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = told(statuses, monkeypatch)

    assert (systems.taken, systems.odd) == (taken, [f"K-1: answered with {statuses[0]}."])


def test_each_alert_of_a_burst_is_sent_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hospital, "BURST_PAUSE", (0.0, 0.0))
    bodies = [alert(f"K-{number}", "B-1", "H") for number in range(20)]
    with answering(*[503] * 10, *[202] * 20) as (host, port):
        systems = HospitalSystems([], (host, port, "token"))
        systems.start(10)
        systems.burst(bodies)
        wait_until(lambda: systems.done, what="the burst is taken")

    assert systems.taken == systems.wanted == {body["message_id"] for body in bodies}
    assert (systems.odd, systems.retries) == ([], 10)
