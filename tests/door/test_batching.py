"""While requests are refused, several are read at a time."""

import selectors
import socket
import threading
import time

from door.batching import Selector
from tests.door.conftest import THREADS, Door
from tests.processes import wait_until

ALERT = b"POST /notification HTTP/1.1\r\nHost: bleep\r\nContent-Length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 "


def test_bytes_that_come_during_the_pause_are_read_together() -> None:
    pairs = [socket.socketpair() for _ in range(2)]
    with Selector(lambda: 0.5) as selector:
        for ours, _ in pairs:
            selector.register(ours, selectors.EVENT_READ)
        pairs[0][1].send(b"1")
        later = threading.Timer(0.02, pairs[1][1].send, [b"2"])
        later.start()

        assert len(selector.select(0)) == 1, "asyncio has something to do at once"
        assert len(selector.select(10)) == 2
        later.join()
    for pair in pairs:
        for each in pair:
            each.close()


def test_the_door_looks_less_often_while_it_refuses(door: Door) -> None:
    door.service.seconds = 0.1
    queue = [door.connect(ALERT) for _ in range(200)]
    with door.connect(b"") as client:
        wait_until(lambda: len(door.service.requests) >= 3 * THREADS, what="it knows how long the API takes")
        began = time.monotonic()
        answers = [ask(client) for _ in range(10)]
        took = time.monotonic() - began
    for each in queue:
        each.close()

    assert all(answer.startswith(BUSY) for answer in answers)
    assert took > 0.1, "about 20 ms each, since the API takes longer than that for one"


def ask(client: socket.socket) -> bytes:
    """Send an alert, and wait for the answer."""
    client.sendall(ALERT)
    return client.recv(4096)
