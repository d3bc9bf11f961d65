"""A connection that is idle: the door closes it soon, or later where a load balancer keeps connections."""

import socket
from pathlib import Path

import pytest

from sandbox.services import free_port
from tests.processes import ENTRY_POINT, answers, running, wait_until

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: bleep\r\n\r\n"


def test_how_long_it_stays_open_is_a_setting(log_dir: Path) -> None:
    port = free_port()
    env = {
        "GRANIAN_HOST": "127.0.0.1",
        "GRANIAN_PORT": str(port),
        "GRANIAN_HTTP1_HEADER_READ_TIMEOUT": "60000",
    }
    with running("door-idle", [ENTRY_POINT, "door"], env, log_dir):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), what="the door answers")
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(REQUEST)
            connection.settimeout(7)  # longer than the 5 s without the setting
            assert connection.recv(4096).startswith(b"HTTP/1.1 200")
            with pytest.raises(TimeoutError):
                connection.recv(1)
