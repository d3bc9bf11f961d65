"""Load over several connections: what counts as an answer, and when each is sent."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import connections
from bench.load.connections import Load, spread

BODIES = [{"message_id": str(number)} for number in range(6)]


class Hospital(ThreadingHTTPServer):
    """Answers as `statuses` says, by message_id, one after the other; 202 once there are no more."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: dict[str, list[int]] = {}
        self.got: list[tuple[str, str, int, float]] = []
        """message_id, Authorization, the connection's port, and when."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Hospital)
        key = json.loads(self.rfile.read(int(self.headers["content-length"])))["message_id"]
        server.got.append((key, self.headers["authorization"], self.client_address[1], time.monotonic()))
        left = server.statuses.get(key)
        self.send_response(left.pop(0) if left else 202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving() -> Iterator[tuple[Hospital, Load]]:
    with Hospital() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server, Load(("127.0.0.1", server.server_address[1], "secret"), scheme="Token")
        server.shutdown()


def test_each_share_has_a_connection_of_its_own() -> None:
    with serving() as (server, load):
        result = load.post(spread(BODIES, 3))

    assert result.answers == Counter({"202": 6})
    assert len(result.milliseconds) == 6
    assert sorted(key for key, *_ in server.got) == [body["message_id"] for body in BODIES]
    assert len({port for *_, port, _ in server.got}) == 3
    assert {scheme for _, scheme, *_ in server.got} == {"Token secret"}


def test_a_busy_server_gets_the_same_again_and_other_answers_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "REPEAT_SECONDS", 0.0)
    with serving() as (server, load):
        server.statuses = {"1": [503, 503, 200], "2": [400]}
        result = load.post([BODIES])

    assert result.answers == Counter({"202": 4, "200": 1, "400": 1})
    assert [key for key, *_ in server.got].count("1") == 3


def test_a_server_that_is_gone_gives_no_answer() -> None:
    with serving() as (_, load):
        pass

    assert load.post([BODIES]).answers == Counter({"no answer": 6})


def test_a_steady_load_waits_for_its_time_and_not_for_answers() -> None:
    with serving() as (server, load):
        result = load.post_steadily(BODIES, per_second=50)

    times = [at for *_, at in server.got]
    assert result.answers == Counter({"202": 6})
    assert max(times) - min(times) >= 0.08, "the last of six comes a tenth of a second after the first"
