"""What a service may do to its connection, and what clients get then: their own answer, or none."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from door.settings import PROBES
from door.upstream.pool import unavailable
from sandbox.services import free_port
from tests.door.test_http import read_all
from tests.processes import ENTRY_POINT, answers, running, wait_until

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\ntaken"
REFUSED = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"
EMPTY = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
Script = Callable[[socket.socket], None]
"""What the service does with one connection."""


class Behind:
    """A service that does as a script says with each connection."""

    def __init__(self) -> None:
        self.script: Script = lambda _: None
        self.connections = 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection = self._listener.accept()[0]
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(self.script, connection), daemon=True).start()

    @staticmethod
    def _answer(script: Script, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(20)
            script(connection)

    def end_all(self) -> None:
        """End each connection that there was so far."""
        for connection in self._open:
            with suppress(OSError):  # it has ended
                connection.shutdown(socket.SHUT_RDWR)
        self._open.clear()
        self.connections = 0


def read_head(connection: socket.socket) -> bytes:
    """A request as far as its head; empty if the other side ends the connection."""
    found = b""
    while b"\r\n\r\n" not in found:
        part = connection.recv(65536)
        if not part:
            return b""
        found += part
    return found


def connect(url: str) -> socket.socket:
    """A connection to the door."""
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=5)


def leave(client: socket.socket) -> None:
    """End a connection with a reset, as one that only ends its half could still wait for an answer."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def answering(*each: bytes) -> Script:
    """One answer for each request of a connection."""

    def script(connection: socket.socket) -> None:
        for answer in each:
            if not read_head(connection):
                return
            connection.sendall(answer)
        read_head(connection)

    return script


@pytest.fixture(scope="module")
def _started(log_dir: Path) -> Iterator[tuple[Behind, str]]:
    behind, port = Behind(), free_port()
    url = f"http://127.0.0.1:{port}"
    urls = {f"WEB_{name}_URL": behind.url for name in ("API", "ADMIN", "PROBES")}
    env = {**urls, "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port)}
    with running("door-services", [ENTRY_POINT, "door"], env, log_dir):
        wait_until(lambda: answers(f"{url}/healthz"), what="the door answers")
        yield behind, url


@pytest.fixture
def behind(_started: tuple[Behind, str]) -> Behind:
    """The service, with no connection that another test left."""
    behind, url = _started
    behind.end_all()
    requests.get(f"{url}/healthz", timeout=5)  # the door has seen it
    return behind


@pytest.fixture
def url(_started: tuple[Behind, str]) -> str:
    """The door's address."""
    return _started[1]


def post(url: str) -> requests.Response:
    """Send an alert."""
    return requests.post(f"{url}/notification", data=b"{}", timeout=5)


def test_a_second_answer_does_not_change_the_first(behind: Behind, url: str) -> None:
    behind.script = answering(REFUSED + EMPTY)

    assert post(url).status_code == 500


def test_an_answer_that_is_announced_is_awaited(behind: Behind, url: str) -> None:
    behind.script = answering(b"HTTP/1.1 100 Continue\r\n\r\n" + TAKEN, TAKEN)

    assert [post(url).text for _ in range(2)] == ["taken"] * 2
    assert behind.connections == 1


def test_an_answer_without_a_body_has_no_length(behind: Behind, url: str) -> None:
    behind.script = answering(b"HTTP/1.1 204 No Content\r\n\r\n", TAKEN)

    empty = post(url)

    assert (empty.status_code, empty.content, "Content-Length" in empty.headers) == (204, b"", False)
    assert post(url).text == "taken"


def test_a_status_that_has_no_name_is_passed_on(behind: Behind, url: str) -> None:
    behind.script = answering(b"HTTP/1.1 299 Odd\r\ncontent-length: 0\r\n\r\n")

    assert post(url).status_code == 299


@pytest.mark.parametrize("more", [EMPTY, EMPTY[:40]], ids=["whole", "in part"])
def test_bytes_that_nobody_asked_for_are_nobodys_answer(behind: Behind, url: str, more: bytes) -> None:
    """A service that ends an idle connection may say why."""
    sent = threading.Event()

    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(TAKEN)
        taken.wait(5)
        connection.sendall(more)
        sent.set()
        if read_head(connection):
            connection.sendall(EMPTY[len(more) :] or REFUSED)

    taken = threading.Event()
    behind.script = script
    assert post(url).text == "taken"
    behind.script = answering(TAKEN)
    taken.set()
    sent.wait(5)
    requests.get(f"{url}/healthz", timeout=5)  # the door has read it

    assert post(url).text == "taken"
    assert behind.connections == 2


def test_a_body_after_the_answer_to_head_goes_nowhere(behind: Behind, url: str) -> None:
    behind.script = answering(TAKEN)
    with connect(url) as client:
        client.sendall(b"HEAD /admin/ HTTP/1.1\r\nHost: bleep\r\nConnection: close\r\n\r\n")
        found = read_all(client)

    assert found.endswith(b"\r\n\r\n")


def test_a_service_that_answers_before_it_has_read_is_not_used_again(behind: Behind, url: str) -> None:
    """What it has not read would come before the next request."""

    def script(connection: socket.socket) -> None:
        if read_head(connection):
            connection.sendall(TAKEN)
            done.wait(5)

    done = threading.Event()
    behind.script = script
    assert requests.post(f"{url}/admin/", data=b"x" * 6_000_000, timeout=5).text == "taken"
    behind.script = answering(TAKEN)
    assert requests.get(f"{url}/admin/", timeout=3).text == "taken"
    assert behind.connections == 2
    done.set()


@pytest.mark.parametrize(
    "cut",
    [TAKEN[:-2], TAKEN[:20], b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntaken\r\n"],
)
def test_an_answer_that_breaks_off_is_not_passed_on(behind: Behind, url: str, cut: bytes) -> None:
    def script(connection: socket.socket) -> None:
        read_head(connection)
        connection.sendall(cut)

    behind.script = script

    assert post(url).status_code == 503


def test_a_service_that_is_away_is_not_said_for_each_request(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(300):
        unavailable(PROBES, ConnectionRefusedError())

    assert len(caplog.records) == 1


def test_the_second_try_takes_no_other_connection_that_may_have_ended(behind: Behind, url: str) -> None:
    together = threading.Barrier(2)

    def script(connection: socket.socket) -> None:
        read_head(connection)
        together.wait(5)  # so that each request has a connection of its own
        connection.sendall(TAKEN)
        read_head(connection)  # and ends without an answer

    behind.script = script
    with ThreadPoolExecutor(2) as pool:
        assert [answer.text for answer in pool.map(post, [url] * 2)] == ["taken"] * 2
    behind.script = answering(TAKEN)

    assert post(url).text == "taken"
    assert behind.connections == 3


def test_a_request_for_staff_ends_with_its_client(behind: Behind, url: str) -> None:
    """Or clients that leave at once would have the door hold a connection to the service for each of them."""
    asked, ended = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        read_head(connection)
        asked.set()
        if not connection.recv(1):
            ended.set()

    behind.script = script
    with connect(url) as client:
        client.sendall(b"GET /admin/ HTTP/1.1\r\nHost: bleep\r\n\r\n")
        asked.wait(5)
        leave(client)

    assert ended.wait(5)


def test_an_old_client_gets_no_second_answer_after_one_without_an_end(behind: Behind, url: str) -> None:
    """HTTP/1.0 has no chunks, so the connection's end is the answer's."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n0\r\n\r\n"
    behind.script = answering(chunked, TAKEN)
    each = b"GET /admin/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    with connect(url) as client:
        client.sendall(each * 2)
        found = read_all(client)

    assert found.endswith(b"\r\n\r\nfirst")
    assert b"connection: close" in found


def test_a_client_that_left_is_written_to_no_more(behind: Behind, url: str, log_dir: Path) -> None:
    """asyncio complains of each part that is written to a connection that has ended."""
    asked, left = threading.Event(), threading.Event()

    def script(connection: socket.socket) -> None:
        read_head(connection)
        asked.set()
        left.wait(5)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")

    behind.script = script
    request = b"GET /admin/ HTTP/1.1\r\nHost: bleep\r\n\r\n"
    client = connect(url)
    client.sendall(request)
    asked.wait(5)
    client.sendall(request)  # so that the door reads no further, and does not see that the client leaves
    requests.get(f"{url}/healthz", timeout=5)
    leave(client)
    left.set()

    behind.script = answering(TAKEN)
    assert post(url).text == "taken"
    assert "socket.send() raised exception" not in (log_dir / "door-services.log").read_text()
