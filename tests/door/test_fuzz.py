"""Requests at random, whole and damaged, in pieces: whatever comes, the door refuses it itself, and lives on.

Each seed makes the same requests again. `FUZZ=2000 pytest tests/door/test_fuzz.py` tries more of them.
"""

import os
import random
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.door.conftest import KNOWN, Door

SEEDS = 4
REQUESTS = int(os.environ.get("FUZZ", "100"))
"""For each seed."""
METHODS = [b"POST", b"GET", b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"CONNECT", b"PRI", b"post", b"P\xffST"]
TARGETS = [
    b"/notification",
    b"/notification/%2e%2e/x?a=b",
    b"/admin/",
    b"/readyz",
    b"/healthz",
    b"/metrics",
    b"*",
    b"http://bleep/notification",
    b"//x",
    b"/%",
    b"/\xff",
    b"bleep:443",
]
HEADERS = [
    b"Host: bleep",
    b"Authorization: Bearer known",
    b"Connection: close",
    b"Connection: keep-alive, Upgrade",
    b"Upgrade: h2c",
    b"Expect: 100-continue",
    b"X-Forwarded-Proto: https",
    b"X_Y: z",
    b"Empty:",
    b"Long: " + b"x" * 5000,
    b"Odd: \xff\xfe",
]
DAMAGE = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b":",
    b"\xff",
    b"0",
    b"fffffffffffffffff",
    b"HTTP/1.1",
    b"\r\n\r\n",
]
RIGHT = {b"200", b"202", b"400", b"404", b"408", b"413", b"431", b"501"}
"""The last is that of the service behind, for a method that it does not know."""


def a_request(chance: random.Random) -> bytes:
    """A request that is right, but for what is odd in its parts."""
    body = chance.randbytes(chance.choice([0, 1, 20, 3000, 70_000]))
    lines = [
        b" ".join(
            [
                chance.choice(METHODS[:3] * 3 + METHODS),
                chance.choice(TARGETS[:3] * 2 + TARGETS),
                chance.choice([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/2.0"]),
            ]
        ),
        *chance.sample(HEADERS, chance.randrange(5)),
    ]
    if chance.random() < 0.5:
        return b"\r\n".join([*lines, b"Content-Length: %d" % len(body), b"", body])
    size = chance.choice([1, 7, 500, 100_000]) if len(body) < 5000 else 5000
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    sent = b"".join(b"%x%b\r\n%b\r\n" % (len(each), chance.choice([b"", b";a=b"]), each) for each in chunks)
    last = b"0\r\n" + chance.choice([b"", b"Trailer: x\r\n"]) + b"\r\n"
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", sent + last])


def damaged(chance: random.Random, request: bytes) -> bytes:
    """The same with a few bytes more, less or others, mostly in the head."""
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(min(len(request), chance.choice([40, 300, 100_000])) + 1)
        request = request[:place] + chance.choice(DAMAGE) + request[place + chance.choice([0, 1, 5]) :]
    return request


def in_pieces(chance: random.Random, sent: bytes) -> list[bytes]:
    """Cut anywhere."""
    cuts = sorted(chance.randrange(len(sent) + 1) for _ in range(chance.randrange(6)))
    return [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]


def statuses_of(door: Door, pieces: list[bytes]) -> list[bytes]:
    """What the door answers. It must end the connection."""
    found = b""
    with door.connect(b"") as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for piece in pieces:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            while part := client.recv(65536):
                found += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was refused while it sent
    return re.findall(rb"HTTP/1\.1 (\d{3}) [^\n]*\r\n(?!\r\n)", found)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_comes_the_door_answers_and_goes_on(door: Door, log_dir: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - to make the same again
    log = log_dir / "door-alone.log"
    before = len(log.read_text())
    sent = []
    for _ in range(REQUESTS):
        several = b"".join(a_request(chance) for _ in range(chance.choice([1, 1, 2, 5])))
        sent.append(in_pieces(chance, damaged(chance, several) if chance.random() < 0.6 else several))

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda pieces: statuses_of(door, pieces), sent))

    assert {status for each in answers for status in each} <= RIGHT
    assert sum(map(len, answers)) > REQUESTS / 2
    assert requests.post(f"{door.url}/notification", data=b"{}", headers=KNOWN, timeout=5).status_code == 202
    assert not re.findall(r'.*(?:Traceback|door\.failed|"error").*', log.read_text()[before:])
