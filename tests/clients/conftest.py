"""The clock by which requests are counted."""

import pytest


class Clock:
    """A clock that stands still until it is set: no minute ends while a test counts."""

    def __init__(self) -> None:
        self.seconds = 6000.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of `clients.windows`."""
    clock = Clock()
    monkeypatch.setattr("clients.windows.monotonic", lambda: clock.seconds)
    return clock
