"""HTTP as clients speak it, and as somebody writes who wants the door and a service to read it differently."""

import http.client
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest
import requests

from door.settings import MAX_PIPELINED
from sandbox.services import free_port
from tests.door.conftest import Door
from tests.processes import ENTRY_POINT, ROOT, running, wait_until

HEAD = b"POST /notification HTTP/1.1\r\nHost: bleep\r\n"
SMUGGLED = b"GET /notification/1 HTTP/1.1\r\nHost: bleep\r\n\r\n"
AMBIGUOUS = {
    "length and chunks": b"Content-Length: 48\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two lengths": b"Content-Length: 0\r\nContent-Length: 48\r\n\r\n" + SMUGGLED,
    "a list of lengths": b"Content-Length: 0, 48\r\n\r\n" + SMUGGLED,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + SMUGGLED,
    "a space before the colon": b"Content-Length : 48\r\n\r\n" + SMUGGLED,
    "another coding": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "no coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + SMUGGLED,
    "a folded header": b"X-A: b\r\n Content-Length: 48\r\n\r\n" + SMUGGLED,
    "a bare LF": b"X-A: b\nContent-Length: 48\r\n\r\n" + SMUGGLED,
    "a bare CR": b"X-A: b\rContent-Length: 48\r\n\r\n" + SMUGGLED,
    "a NUL": b"X-A: b\0c\r\n\r\n",
    "chunks with bare LF": b"Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n" + SMUGGLED,
    "more than the chunk": b"Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n" + SMUGGLED,
    "two hosts": b"Host: other\r\n\r\n" + SMUGGLED,
}


def read_all(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    found = b""
    while part := connection.recv(4096):
        found += part
    return found


def test_an_old_client_sends_no_chunks(door: Door) -> None:
    head = b"POST /notification HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    with door.connect(head + b"0\r\n\r\n" + SMUGGLED) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")
    assert door.service.requests == []


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_request_that_two_programs_could_read_differently_goes_nowhere(door: Door, kind: str) -> None:
    with door.connect(HEAD + AMBIGUOUS[kind]) as connection:
        answers = read_all(connection)

    assert answers.startswith(b"HTTP/1.1 400 ")
    assert len(re.findall(rb"HTTP/1.1 \d", answers)) == 1, "what follows is not read"
    assert door.service.requests == []


def test_requests_in_one_go_are_answered_one_after_the_other(door: Door) -> None:
    each = HEAD + b"Content-Length: 1\r\n\r\n"
    with door.connect(
        b"".join(each + b"%d" % n for n in range(5)) + b"GET /healthz HTTP/1.1\r\n"
    ) as connection:
        connection.sendall(b"Host: bleep\r\nConnection: close\r\n\r\n")
        answers = read_all(connection)

    assert [arrived["body"] for arrived in door.service.requests] == [b"%d" % n for n in range(5)]
    assert answers.count(b"HTTP/1.1 202 ") == 5
    assert answers.rindex(b"HTTP/1.1 200 ") > answers.rindex(b"HTTP/1.1 202 ")


def test_a_client_that_reads_no_answer_is_not_read_either(door: Door) -> None:
    """Or its answers would fill the memory."""
    each = b"GET /notification HTTP/1.1\r\nHost: bleep\r\nX-Long: %b\r\n\r\n" % (b"x" * 10_000)
    door.service.answer_bytes, door.service.status = 100_000, 200
    with socket.socket() as client:
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            client.setsockopt(socket.SOL_SOCKET, option, 4096)
        client.settimeout(2)
        client.connect(("127.0.0.1", door.port))
        sent = 0
        with suppress(TimeoutError):
            while sent < 12_000_000:
                sent += client.send((each * 100)[sent % len(each) :])
        assert sent < 12_000_000

        client.settimeout(20)
        assert read_all(client).count(b"HTTP/1.1 200 ") == sent // len(each), "then it is read on"


def test_a_connection_has_a_few_requests_waiting_and_no_more(door: Door) -> None:
    """A request of a few bytes takes a kilobyte here."""
    with door.connect(b"GET /notification HTTP/1.1\r\nHost: bleep\r\n\r\n" * 1000) as connection:
        answers = read_all(connection)

    assert answers.count(b"HTTP/1.1 202 ") == len(door.service.requests) == MAX_PIPELINED
    assert answers.count(b"HTTP/1.1 503 ") == 1
    assert b"too_many_at_once" in answers


def test_nonsense_after_a_request_is_refused_after_its_answer(door: Door) -> None:
    with door.connect(HEAD + b"Content-Length: 1\r\n\r\nx\x00\x01 nonsense\r\n") as connection:
        answers = read_all(connection)

    assert answers.startswith(b"HTTP/1.1 202 ")
    assert len(door.service.requests) == 1


@pytest.mark.parametrize("body", [b"", b'{"a": 1}'], ids=["without a body", "with a body"])
def test_a_client_that_would_like_http_2_gets_its_answer(door: Door, body: bytes) -> None:
    """Java's own client asks for it in its first request, which has a body all the same."""
    wish = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    length = b"Content-Length: %d\r\n" % len(body)
    with door.connect(HEAD + wish + length + b"\r\n" + body[:3]) as connection:
        connection.sendall(body[3:])
        answer = read_all(connection)

    assert answer.startswith(b"HTTP/1.1 202 ")
    [arrived] = door.service.requests
    assert arrived["body"] == body
    assert "upgrade" not in arrived["headers"]


def test_a_client_that_asks_whether_it_may_send_is_told_so(door: Door) -> None:
    with door.connect(HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n") as connection:
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(1000).startswith(b"HTTP/1.1 202 ")

    with door.connect(HEAD + b"Expect: 100-continue\r\nContent-Length: 70000\r\n\r\n") as connection:
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_an_old_client_is_answered_as_it_expects(door: Door) -> None:
    with door.connect(b"GET /healthz HTTP/1.0\r\n\r\n") as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
    with door.connect(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") as connection:
        assert b"connection: keep-alive" in connection.recv(1000)
        connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")


def test_a_whole_address_is_taken_for_its_path(door: Door) -> None:
    with door.connect(b"GET http://bleep/notification/7?a=b HTTP/1.1\r\nHost: bleep\r\n\r\n") as connection:
        connection.recv(100)

    assert door.service.requests[0]["path"] == "/notification/7?a=b"


def test_a_path_that_is_written_in_another_way_is_the_same(door: Door) -> None:
    assert requests.get(f"{door.url}/%6detrics", timeout=5).status_code == 404
    assert door.service.requests == []


@pytest.mark.parametrize("target", [b"/metrics#", b"/notification?a#b", b"http://[/", b"http://[x]/"])
def test_an_address_that_others_understand_in_another_way_is_refused(door: Door, target: bytes) -> None:
    with door.connect(b"POST %b HTTP/1.1\r\nHost: bleep\r\nContent-Length: 0\r\n\r\n" % target) as connection:
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")
    assert door.service.requests == []


@pytest.mark.parametrize("path", ["/notification/1", "/admin/"])
def test_an_answer_to_head_has_no_body(door: Door, path: str) -> None:
    client = http.client.HTTPConnection("127.0.0.1", door.port, timeout=5)
    for _ in range(2):  # on the same connections
        client.request("HEAD", path)
        with client.getresponse() as answer:
            assert (answer.status, answer.read()) == (202, b"")
            assert int(answer.headers["Content-Length"]) > 0
    client.request("GET", path)
    with client.getresponse() as answer:
        assert json.loads(answer.read())["method"] == "GET"
    client.close()


@pytest.mark.parametrize("head", [b"X-Long: ", b"\r\n"], ids=["a value", "empty lines"])
def test_a_head_that_does_not_end_fills_no_memory(door: Door, head: bytes) -> None:
    with door.connect((HEAD if head.startswith(b"X") else b"") + head) as connection:
        started = time.monotonic()
        while not select.select([connection], [], [], 0.01)[0]:
            connection.sendall(b"x" * 1000 if head.startswith(b"X") else b"\r\n" * 500)
            assert time.monotonic() - started < 4, "it would be closed after five seconds"
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_head_of_many_short_headers_keeps_the_door_no_longer_than_another(door: Door) -> None:
    """Each header costs the door, however short it is."""
    several, many = b"X-A: b\r\n" * 90, b"X-A: b\r\n" * 1000
    with door.connect(HEAD + several + b"\r\n") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 202 ")
    with door.connect(HEAD + many) as connection:  # which is not the end
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")
    assert len(door.service.requests) == 1


def test_trailers_are_bounded_and_left_out(door: Door) -> None:
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    with door.connect(chunked + b"X-Forwarded-Proto: https\r\n\r\n") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 202 ")
    assert door.service.requests[0]["headers"]["x-forwarded-proto"] == "http"

    with door.connect(chunked + b"X-Long: ") as connection:
        time.sleep(0.1)
        connection.sendall(b"x" * 20_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


class OwnDoor:
    """A door in a process of its own, for what ends it or needs other settings."""

    def __init__(self, behind: str, log_dir: Path, **settings: str) -> None:
        self.port = free_port()
        urls = {f"WEB_{name}_URL": behind for name in ("API", "ADMIN", "PROBES")}
        env = {**urls, "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(self.port), **settings}
        self.running = running("door-http", [ENTRY_POINT, "door"], env, log_dir)

    def listens(self) -> bool:
        """Whether it takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return True


def test_sigterm_lets_what_was_asked_be_answered(door: Door, log_dir: Path, behind: str) -> None:
    own = OwnDoor(behind, log_dir)
    with own.running as process:
        wait_until(own.listens, what="the door listens")
        if sys.platform == "linux":
            assert os.sched_getscheduler(process.pid) == os.SCHED_BATCH, "it interrupts nobody who works"
        door.service.seconds = 1.0
        idle = socket.create_connection(("127.0.0.1", own.port))
        found: list[int] = []

        def post() -> None:
            found.append(requests.post(f"http://127.0.0.1:{own.port}/notification", timeout=10).status_code)

        sender = threading.Thread(target=post)
        sender.start()
        wait_until(lambda: len(door.service.requests) == 1, what="it was passed on")
        process.send_signal(signal.SIGTERM)
        sender.join()

        assert found == [202]
        assert idle.recv(1) == b""
        assert process.wait(5) == 0
        idle.close()


def test_too_many_connections_give_way_to_a_new_one(door: Door, log_dir: Path, behind: str) -> None:
    own = OwnDoor(behind, log_dir, GRANIAN_BACKPRESSURE="16")
    with own.running, ExitStack() as stack:
        wait_until(own.listens, what="the door listens")
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=2))
            for _ in range(16)
        ]
        url = f"http://127.0.0.1:{own.port}/notification"
        assert requests.post(url, data=b"{}", timeout=5).status_code == 202
        assert held[0].recv(1) == b""
        with pytest.raises(TimeoutError):
            held[-1].recv(1)


def test_handshakes_that_stop_in_the_middle_give_way_to_a_client(
    door: Door, log_dir: Path, behind: str, certificate: Path
) -> None:
    key = str(certificate.with_name("key.pem"))
    tls = {"GRANIAN_SSL_CERTIFICATE": str(certificate), "GRANIAN_SSL_KEYFILE": key}
    own = OwnDoor(behind, log_dir, GRANIAN_BACKPRESSURE="64", **tls)
    with own.running as process, ExitStack() as stack:
        wait_until(own.listens, what="the door listens")
        before = psutil.Process(process.pid).memory_info().rss
        held = [
            stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=2))
            for _ in range(64)
        ]
        for each in held:
            each.sendall(b"\x16\x03\x01\x02\x00")  # announces 512 bytes of a handshake
        url = f"https://127.0.0.1:{own.port}/notification"
        assert requests.post(url, data=b"{}", verify=str(certificate), timeout=5).status_code == 202
        assert psutil.Process(process.pid).memory_info().rss - before < 64 * 150_000
        with suppress(ConnectionResetError):
            assert held[0].recv(1) == b""
        with pytest.raises(TimeoutError):
            held[-1].recv(1)


def test_clients_that_leave_the_end_of_tls_unanswered_give_way(
    door: Door, log_dir: Path, behind: str, certificate: Path
) -> None:
    key = str(certificate.with_name("key.pem"))
    tls = {"GRANIAN_SSL_CERTIFICATE": str(certificate), "GRANIAN_SSL_KEYFILE": key}
    own = OwnDoor(behind, log_dir, GRANIAN_BACKPRESSURE="16", GRANIAN_HTTP1_HEADER_READ_TIMEOUT="1000", **tls)
    keys = ssl.create_default_context(cafile=str(certificate))
    with own.running as process, ExitStack() as stack:
        wait_until(own.listens, what="the door listens")
        held = []
        for _ in range(16):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", own.port), timeout=5))
            held.append(stack.enter_context(keys.wrap_socket(plain, server_hostname="127.0.0.1")))
        for each in held:
            assert each.recv(1) == b"", "the door ends TLS, which is not answered"

        def kept() -> int:
            found = psutil.Process(process.pid).net_connections()
            return sum(
                each.laddr.port == own.port and each.status == psutil.CONN_ESTABLISHED for each in found
            )

        assert kept() == 16
        url = f"https://127.0.0.1:{own.port}/notification"
        assert requests.post(url, data=b"{}", verify=str(certificate), timeout=5).status_code == 202
        wait_until(lambda: kept() < 16, what="some have given way", seconds=10)
    assert "Exception" not in (log_dir / "door-http.log").read_text()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1, and its key."""
    subject = ["-subj", "/CN=bleep.example", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run(
        [*command, "-keyout", "key.pem", "-out", "cert.pem"], cwd=tmp_path, check=True, capture_output=True
    )
    return tmp_path / "cert.pem"


def test_it_can_end_tls_itself(door: Door, log_dir: Path, behind: str, certificate: Path) -> None:
    key = certificate.with_name("key.pem")
    own = OwnDoor(behind, log_dir, GRANIAN_SSL_CERTIFICATE=str(certificate), GRANIAN_SSL_KEYFILE=str(key))
    with own.running:
        wait_until(own.listens, what="the door listens")
        answer = requests.post(
            f"https://127.0.0.1:{own.port}/notification",
            data=b"{}",
            headers={"X-Forwarded-Proto": "http"},
            verify=str(certificate),
            timeout=5,
        )
        assert answer.status_code == 202
        assert door.service.requests[0]["headers"]["x-forwarded-proto"] == "https"

        env = {**os.environ, "GRANIAN_PORT": str(own.port), "GRANIAN_SSL_CERTIFICATE": str(certificate)}
        check = subprocess.run(
            [sys.executable, "deploy/healthcheck.py", "door"], cwd=ROOT, env=env, check=False
        )
        assert check.returncode == 0, "the container's health check takes it for healthy"

        tls = ssl.create_default_context(cafile=str(certificate))
        with (
            socket.create_connection(("127.0.0.1", own.port), timeout=10) as plain,
            tls.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(HEAD + b"Content-Length: 70000\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
