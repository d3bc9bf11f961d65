"""A request goes on whole or not at all, and never costs a thread before it is whole."""

import contextlib
import resource
import selectors
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from door.client.body import Bodies
from door.errors import Busy
from door.settings import MAX_INCOMPLETE_HEADS, PROBES
from tests.door.conftest import THREADS, Door
from tests.processes import wait_until

HEAD = b"POST /notification HTTP/1.1\r\nHost: bleep\r\n"
UNFINISHED = {
    "Content-Length": HEAD + b"Content-Length: 100\r\n\r\n{",
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "login": b"POST /admin/login/ HTTP/1.1\r\nHost: bleep\r\nContent-Length: 100\r\n\r\nu",
}


def in_chunks(body: bytes) -> Iterator[bytes]:
    """What `requests` sends with Transfer-Encoding: chunked, since it cannot know the length."""
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


def test_a_request_arrives_as_it_was_sent(door: Door) -> None:
    answer = requests.post(
        f"{door.url}/notification?a=b%20c&d=%2F",
        data=b"hello",
        headers={"Authorization": "secret", "Content-Type": "application/json", "Prefer": "wait=1"},
        timeout=5,
    )

    assert (answer.status_code, answer.json()) == (202, {"method": "POST", "bytes": 5})
    assert answer.headers["X-Request-ID"] == "abc"
    [arrived] = door.service.requests
    assert (arrived["path"], arrived["body"]) == ("/notification?a=b%20c&d=%2F", b"hello")
    kept = {"authorization": "secret", "content-type": "application/json", "prefer": "wait=1"}
    assert arrived["headers"].items() >= kept.items()
    assert arrived["headers"]["host"] == door.url.removeprefix("http://")


def test_chunks_become_one_body_with_a_length(door: Door) -> None:
    requests.post(f"{door.url}/notification", data=in_chunks(b"x" * 5000), timeout=5)

    [arrived] = door.service.requests
    assert arrived["headers"]["content-length"] == "5000"
    assert "transfer-encoding" not in arrived["headers"]
    assert arrived["body"] == b"x" * 5000


def of_one_byte_each(number: int, more: bytes = b"") -> bytes:
    """A request whose body comes in this number of chunks."""
    return HEAD + more + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * number + b"0\r\n\r\n"


def test_a_body_may_come_in_small_chunks(door: Door) -> None:
    with door.connect(of_one_byte_each(1000)) as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 202 ")

    assert door.service.requests[0]["body"] == b"x" * 1000


@pytest.mark.parametrize("more", [b"", b"Connection: Upgrade\r\nUpgrade: h2c\r\n"], ids=["", "HTTP/2"])
def test_the_smallest_chunks_do_not_keep_the_door_busy(door: Door, more: bytes) -> None:
    """As many as the size of a body allows cost the door seconds of its one processor."""
    with door.connect(of_one_byte_each(64 * 1024, more)) as connection:
        assert b"too_many_chunks" in connection.recv(1000)

    assert door.service.requests == []


def test_a_request_without_a_path_is_refused(door: Door) -> None:
    with door.connect(b"OPTIONS * HTTP/1.1\r\nHost: bleep\r\n\r\n") as connection:
        assert connection.recv(100).startswith(b"HTTP/1.1 404 ")


def test_a_header_with_an_underscore_does_not_pass_for_one_with_a_dash(door: Door) -> None:
    requests.get(f"{door.url}/admin/", headers={"X_Forwarded_Proto": "https", "X-Other": "1"}, timeout=5)

    headers = door.service.requests[0]["headers"]
    assert "x_forwarded_proto" not in headers
    assert headers["x-other"] == "1"


def test_the_door_says_whom_it_has_a_request_from_as_far_as_proxies_of_ours_tell(door: Door) -> None:
    requests.get(f"{door.url}/admin/", timeout=5)
    requests.get(f"{door.url}/admin/", headers={"X-Forwarded-For": "192.0.2.1, 192.0.2.2"}, timeout=5)

    said = [each["headers"]["x-forwarded-for"] for each in door.service.requests]
    assert said == ["127.0.0.1", "192.0.2.2"]


@pytest.mark.parametrize("chunked", [False, True], ids=["Content-Length", "chunked"])
def test_a_body_that_is_too_large_goes_nowhere(door: Door, chunked: bool) -> None:
    body = b"x" * (64 * 1024 + 1)

    answer = requests.post(f"{door.url}/notification", data=in_chunks(body) if chunked else body, timeout=5)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert door.service.requests == []
    whole = requests.post(f"{door.url}/notification", data=body[1:], timeout=5)
    assert whole.json()["bytes"] == 64 * 1024


def test_unfinished_requests_hold_up_nobody_and_get_an_answer(door: Door) -> None:
    """Forty of each kind; the services have two threads."""
    held = [door.connect(sent) for sent in UNFINISHED.values() for _ in range(40)]

    started = time.monotonic()
    answers = [requests.post(f"{door.url}/notification", data=b"{}", timeout=5) for _ in range(6)]
    assert time.monotonic() - started < 5
    assert {answer.status_code for answer in answers} == {202}
    assert len(door.service.requests) == 6, "nothing unfinished was passed on"
    for connection in held:
        with connection:
            assert connection.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("kind", UNFINISHED)
def test_a_request_that_ends_too_early_is_not_taken_for_stored(door: Door, kind: str) -> None:
    with door.connect(UNFINISHED[kind]) as connection:
        connection.shutdown(1)

        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")

    assert door.service.requests == []


def test_a_head_that_is_not_finished_is_cut_off(door: Door) -> None:
    with door.connect(b"POST /notif") as connection:
        assert connection.recv(100) == b""


@pytest.mark.parametrize("sent", [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"], ids=["nothing", "HTTP/2"])
def test_a_connection_that_asks_for_nothing_is_closed(door: Door, sent: bytes) -> None:
    with door.connect(sent) as connection:
        connection.settimeout(10)
        assert not connection.recv(1000).startswith(b"HTTP/1.1 2")


def test_a_head_is_bounded(door: Door) -> None:
    with door.connect(HEAD + b"X-Large: " + b"x" * 20_000 + b"\r\n\r\n") as connection:
        assert connection.recv(1000)[9:12] in {b"431", b""}


@pytest.fixture
def many_files() -> Iterator[None]:
    """This process may have as many files open as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_many_idle_connections_keep_nobody_out(door: Door) -> None:
    idle = [door.connect(b"") for _ in range(1100)]
    try:
        assert requests.post(f"{door.url}/notification", data=b"{}", timeout=5).status_code == 202
    finally:
        for connection in idle:
            connection.close()


def test_the_metrics_are_not_published(door: Door) -> None:
    assert requests.get(f"{door.url}/metrics", timeout=5).status_code == 404
    assert door.service.requests == []


def test_large_unfinished_bodies_do_not_fill_the_memory(door: Door) -> None:
    """Twelve with nearly six MiB each, for the staff's site: more than the door keeps for it in all."""
    size = 6 * 1024 * 1024
    head = b"POST /admin/login/ HTTP/1.1\r\nHost: bleep\r\nContent-Length: %d\r\n\r\n" % size
    held = []
    for _ in range(12):
        connection = door.connect(head)
        held.append(connection)
        with contextlib.suppress(OSError):  # refused in the middle
            connection.sendall(b"x" * (size - 1))

    assert requests.post(f"{door.url}/notification", data=b"{}", timeout=5).status_code == 202
    statuses = [status(connection) for connection in held]
    assert statuses.count("503") >= 4
    assert set(statuses) <= {"503", "408", ""}
    assert requests.post(f"{door.url}/admin/", data=b"x" * 1000, timeout=5).status_code == 202, (
        "it is free again"
    )


@pytest.mark.usefixtures("many_files")
def test_heads_that_fill_the_memory_give_way_to_alerts(door: Door) -> None:
    """A few more than the door keeps."""
    head = HEAD + b"".join(b"X-%02d: %b\r\n" % (number, b"x" * 150) for number in range(90))
    held = [door.connect(head) for _ in range(MAX_INCOMPLETE_HEADS // len(head) + 20)]
    refused = selectors.DefaultSelector()
    for connection in held:
        refused.register(connection, selectors.EVENT_READ)
    try:
        assert refused.select(timeout=4), "the memory is full, so one of them has its answer already"
        assert requests.post(f"{door.url}/notification", data=b"{}", timeout=5).status_code == 202
    finally:
        refused.close()
        for connection in held:
            connection.close()


def test_heads_of_requests_that_wait_are_counted_like_bodies() -> None:
    bodies = Bodies(PROBES)
    waiting = [bodies.begin(lambda: None) for _ in range(PROBES.max_buffered_bytes // 16_000)]
    for body in waiting:
        body.announce(0, head=16_000)
        body.complete()

    one_more = bodies.begin(lambda: None)
    with pytest.raises(Busy):
        one_more.announce(0, head=16_000)
    waiting[-1].forget()
    one_more.announce(0, head=16_000)


@pytest.mark.usefixtures("many_files")
def test_bodies_that_fill_the_memory_give_way_to_alerts(door: Door) -> None:
    """As many of the largest as the door keeps for the API, and a few more: none of them is complete."""
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n10000\r\n"
    held = [door.connect(head + b"x" * 65_536) for _ in range(530)]
    refused = selectors.DefaultSelector()
    for connection in held:
        refused.register(connection, selectors.EVENT_READ)
    try:
        assert refused.select(timeout=4), "the memory is full, so one of them has its answer already"
        sent = [requests.post(f"{door.url}/notification", data=b"{}", timeout=5) for _ in range(5)]
        assert [each.status_code for each in sent] == [202] * 5
    finally:
        refused.close()
        for connection in held:
            connection.close()


def status(connection: socket.socket) -> str:
    """The status of the answer; nothing if the connection was reset."""
    with connection, contextlib.suppress(OSError):
        return connection.recv(100)[9:12].decode()
    return ""


def test_who_reads_slowly_keeps_no_thread(door: Door) -> None:
    """More of them than the API has threads, with an answer that no socket's buffer takes."""
    door.service.answer_bytes = 16 * 1024 * 1024
    slow = [door.connect(b"GET /notification HTTP/1.1\r\nHost: bleep\r\n\r\n") for _ in range(THREADS + 1)]
    wait_until(lambda: len(door.service.requests) == len(slow), what="all were passed on")

    door.service.answer_bytes = 0
    assert requests.post(f"{door.url}/notification", data=b"{}", timeout=5).status_code == 202

    for connection in slow:
        connection.close()
