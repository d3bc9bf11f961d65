"""Where a request comes from: the door says it, and believes nobody but proxies of ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests.door.conftest import Door
from tests.door.test_http import OwnDoor
from tests.processes import wait_until

POST = b"POST /notification HTTP/1.1\r\nHost: bleep\r\nConnection: close\r\nContent-Length: 0\r\n"
CLAIMS = [b"X-Forwarded-For: 203.0.113.9", b"X-Forwarded-Proto: https"]
OTHERS = [
    b"Forwarded: for=203.0.113.9",
    b"X-Real-IP: 203.0.113.9",
    b"X-Forwarded-Host: evil.example",
    b"X_Forwarded_Proto: https",
    b"X_Forwarded-For: 203.0.113.9",
    b"X-Forwarded_For: 203.0.113.9",
]


def passed_on(door: Door, *headers: bytes) -> dict[str, str]:
    """What a service gets of a request with these headers, but for those of HTTP itself."""
    with door.connect(POST + b"".join(each + b"\r\n" for each in headers) + b"\r\n") as connection:
        while connection.recv(4096):
            pass
    found: dict[str, str] = door.service.requests[-1]["headers"]
    return {name: value for name, value in found.items() if name not in {"host", "content-length"}}


@pytest.mark.parametrize(
    ("headers", "address", "scheme"),
    [
        ([], "127.0.0.1", "http"),
        (CLAIMS, "203.0.113.9", "https"),
        ([b"X-Forwarded-For: 198.51.100.1, 203.0.113.9"], "203.0.113.9", "http"),
        ([b"X-Forwarded-For: 198.51.100.1", b"X-Forwarded-For: 203.0.113.9"], "203.0.113.9", "http"),
        ([b"X-Forwarded-For: 203.0.113.9, 127.0.0.2"], "203.0.113.9", "http"),
        ([b"X-Forwarded-For: 2001:db8::1"], "2001:db8::1", "http"),
        ([b"X-Forwarded-For: nobody"], "127.0.0.1", "http"),
        ([b"X-Forwarded-For: 203.0.113.9, nobody"], "127.0.0.1", "http"),
        ([b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http"], "127.0.0.1", "http"),
        (OTHERS, "127.0.0.1", "http"),
    ],
)
def test_a_proxy_of_ours_is_believed_about_its_own_peer(
    door: Door, headers: list[bytes], address: str, scheme: str
) -> None:
    assert passed_on(door, *headers) == {"x-forwarded-for": address, "x-forwarded-proto": scheme}


def test_nobody_keeps_what_the_door_answers_itself(door: Door) -> None:
    for path in ("/healthz", "/metrics"):
        headers = requests.get(f"{door.url}{path}", timeout=5).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "unsafe", [{"LOCAL_MODE": "true"}, {"DEBUG": "on"}, {"HTTPS": "false"}, {"ALLOWED_HOSTS": "x.example, *"}]
)
def test_a_setting_for_loopback_alone_stops_a_door_that_others_reach(unsafe: dict[str, str]) -> None:
    env = {"PATH": os.environ["PATH"], "GRANIAN_HOST": "192.0.2.1", **unsafe}  # nobody's address here

    done = subprocess.run(
        [sys.executable, "-m", "door"], env=env, capture_output=True, text=True, timeout=20, check=False
    )

    assert done.returncode == 1
    assert "that is for loopback alone" in done.stderr


def test_nobody_else_is_believed(door: Door, log_dir: Path, behind: str) -> None:
    own = OwnDoor(behind, log_dir, TRUSTED_PROXIES="192.0.2.1")
    with own.running:
        wait_until(own.listens, what="the door listens")
        alone = Door(own.port, door.service)
        assert passed_on(alone, *CLAIMS, *OTHERS) == {
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-proto": "http",
        }
