"""Waiting for the parts of a running Bleep ends when all are ready, after a timeout, or on request."""

import pytest

from sandbox.readiness import answers, wait_until_ready
from tests.local.machine import two_free_ports


def nothing() -> None:
    """Look, and see no reason to end."""


def test_it_is_over_when_all_are_ready() -> None:
    asked = iter([False, False, True])
    looks = []

    late = wait_until_ready(
        {"web": lambda: next(asked), "worker": lambda: True}, seconds=30, look=lambda: looks.append(1)
    )

    assert not late
    assert len(looks) == 3, "not once more after all were ready"


def test_those_that_are_late_are_named() -> None:
    late = wait_until_ready({"web": lambda: False, "worker": lambda: True}, seconds=0, look=nothing)

    assert list(late) == ["web"]


def test_look_may_end_the_wait() -> None:
    def look() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        wait_until_ready({"web": lambda: True}, seconds=30, look=look)


def test_this_machine_is_asked_whatever_proxy_the_environment_names(
    aws_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = f"http://127.0.0.1:{two_free_ports()}"
    monkeypatch.setenv("http_proxy", nowhere)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert answers(f"{aws_server}/healthz")
    assert not answers(f"{aws_server}/no-such-page")
    assert not answers(nowhere)
