"""The door as a process of its own, and a service behind it that answers as a test says."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.services import free_port
from tests.processes import ENTRY_POINT, answers, running, wait_until

KNOWN = {"Authorization": "Bearer known"}
THREADS = 2
"""Of the API, as the door knows it."""


def _open() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass
class Service:
    """What the door passes on, and how the service answers."""

    requests: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
    """How long each request takes whose path begins with `slow_path`."""
    slow_path: str = "/"
    gate: threading.Event = field(default_factory=_open)
    """What these requests wait for. It is open, unless a test closes it."""
    status: int = 202
    answer_bytes: int = 0
    """How much it answers, if not a few words."""
    missing: int = 0
    """How much less it answers than it announces."""
    ended: Callable[[], bool] = lambda: False
    """Whether the connection ends instead of an answer."""


class Door:
    """The door's address, and what is behind it."""

    def __init__(self, port: int, service: Service) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.service = service

    def connect(self, sent: bytes) -> socket.socket:
        """A connection that has sent this, and nothing more."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(sent)
        return connection


class Handler(BaseHTTPRequestHandler):
    """Notes what arrives."""

    protocol_version = "HTTP/1.1"
    service: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.service.requests.append({"path": self.path, "headers": headers, "body": body})
        if self.service.ended():
            self.close_connection = True
            return
        if self.path.startswith(self.service.slow_path):
            self.service.gate.wait(30)
            time.sleep(self.service.seconds)
        answer = (
            b"x" * self.service.answer_bytes
            or json.dumps({"method": self.command, "bytes": len(body)}).encode()
        )
        self.send_response(self.service.status)
        self.send_header("Content-Length", str(len(answer) + self.service.missing))
        self.send_header("X-Request-ID", "abc")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)
        self.close_connection = bool(self.service.missing)

    do_GET = do_HEAD = do_POST  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


class Server(ThreadingHTTPServer):
    """Many may come at once: one that found no place would try again a second later."""

    request_queue_size = 128


@pytest.fixture(scope="module")
def _behind() -> Iterator[tuple[str, type[Handler]]]:
    class Ours(Handler):
        pass

    with Server(("127.0.0.1", 0), Ours) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Ours
        server.shutdown()
        thread.join()


@pytest.fixture
def behind(_behind: tuple[str, type[Handler]]) -> str:
    """The address of the service behind the door."""
    return _behind[0]


@pytest.fixture(scope="module")
def _port(_behind: tuple[str, type[Handler]], log_dir: Path) -> Iterator[int]:
    port = free_port()
    urls = {f"WEB_{name}_URL": _behind[0] for name in ("API", "ADMIN", "PROBES")}
    env = {**urls, "GRANIAN_HOST": "127.0.0.1", "GRANIAN_PORT": str(port), "API_THREADS": str(THREADS)}
    env["BODY_SECONDS"] = "5"  # so that the tests take less time
    with running("door-alone", [ENTRY_POINT, "door"], env, log_dir):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), what="the door answers")
        _behind[1].service = Service()
        for headers in ({}, KNOWN):  # the API accepts them
            requests.post(f"http://127.0.0.1:{port}/notification", headers=headers, timeout=5)
        yield port


@pytest.fixture
def door(_port: int, _behind: tuple[str, type[Handler]]) -> Door:
    """The door, with a service behind it that takes no time."""
    _behind[1].service = Service()
    return Door(_port, _behind[1].service)
