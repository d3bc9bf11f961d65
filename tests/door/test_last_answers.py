"""The end of a connection: every answer arrives, and only the last one says that there is none after it."""

import re
import signal
import socket
import time
from contextlib import suppress
from pathlib import Path

from tests.door.conftest import Door
from tests.door.test_http import HEAD, OwnDoor, read_all
from tests.processes import wait_until

ALERT = HEAD + b"Content-Length: 1\r\n\r\nx"
CLOSES = b"connection: close"


def heads(answers: bytes) -> list[bytes]:
    """The heads of the answers."""
    return re.findall(rb"HTTP/1.1 \d\d\d .*?\r\n\r\n", answers, re.DOTALL)


def test_a_refusal_comes_after_the_answers_before_it(door: Door) -> None:
    with door.connect(ALERT * 2 + b"\x00 nonsense\r\n") as connection:
        answers = heads(read_all(connection))

    assert [answer[9:12] for answer in answers] == [b"202", b"202", b"400"]
    assert [CLOSES in answer for answer in answers] == [False, False, True]


def test_after_sigterm_the_last_answer_says_that_it_is_the_last(
    door: Door, log_dir: Path, behind: str
) -> None:
    own = OwnDoor(behind, log_dir)
    with own.running as process:
        wait_until(own.listens, what="the door listens")
        door.service.seconds = 0.5
        with socket.create_connection(("127.0.0.1", own.port), timeout=10) as client:
            client.sendall(ALERT * 2)
            wait_until(lambda: door.service.requests, what="the first was passed on")
            process.send_signal(signal.SIGTERM)
            answers = heads(read_all(client))

        assert [answer[9:12] for answer in answers] == [b"202", b"202"]
        assert [CLOSES in answer for answer in answers] == [False, True]
        assert process.wait(5) == 0


def test_an_answer_is_not_lost_because_the_client_sends_on(door: Door) -> None:
    """What is not read when a connection is closed makes the system drop what it has not sent yet."""
    door.service.answer_bytes = 1_000_000
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(10)
        client.connect(("127.0.0.1", door.port))
        client.sendall(b"GET /admin/ HTTP/1.1\r\nHost: bleep\r\nConnection: close\r\n\r\n")
        wait_until(lambda: door.service.requests, what="it was passed on")
        with suppress(OSError):
            for _ in range(50):
                client.sendall(b"more")
                time.sleep(0.01)

        assert len(read_all(client)) > 1_000_000
