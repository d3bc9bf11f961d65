"""A rolling restart stops one part after the other, and starts each again when it has ended."""

from typing import cast

import pytest

from bench.mishaps import restart
from bench.mishaps.restart import RollingRestart
from bench.stack import Stack

NAMES = ("door", "relay-1", "worker")


class Recorded:
    """Records what is done to the parts. A part ends when a test says so."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.running = set(NAMES)

    def terminate(self, name: str) -> None:
        self.done.append(f"terminate {name}")

    def kill(self, name: str) -> None:
        self.done.append(f"kill {name}")
        self.running.discard(name)

    def start(self, name: str) -> None:
        self.done.append(f"start {name}")
        self.running.add(name)

    def family(self, name: str) -> list[str]:
        return [name] if name in self.running else []


@pytest.fixture
def stack() -> Recorded:
    """A stack of three parts."""
    return Recorded()


@pytest.fixture
def rolling(stack: Recorded) -> RollingRestart:
    """Their restart."""
    return RollingRestart(cast("Stack", stack), NAMES)


def test_each_is_started_when_it_has_ended_and_only_then_comes_the_next(
    stack: Recorded, rolling: RollingRestart
) -> None:
    for name in NAMES:
        rolling.go_on(set())
        rolling.go_on(set())
        assert stack.done[-1] == f"terminate {name}"
        assert rolling.stopping == name
        stack.running.discard(name)
        rolling.go_on(set())
        assert stack.done[-1] == f"start {name}"

    assert rolling.done
    assert rolling.overdue == []


def test_a_part_that_is_down_or_frozen_when_its_turn_comes_is_left_out(
    stack: Recorded, rolling: RollingRestart
) -> None:
    rolling.go_on({"door", "relay-1"})

    assert stack.done == ["terminate worker"]


def test_a_part_that_does_not_end_in_its_grace_time_is_killed_and_named(
    stack: Recorded, rolling: RollingRestart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart, "GRACE_SECONDS", -1.0)

    rolling.go_on(set())
    rolling.go_on(set())

    assert stack.done == ["terminate door", "kill door", "start door"]
    assert rolling.overdue == ["door"]


def test_at_the_end_what_was_stopped_runs_again_and_the_rest_is_left_alone(
    stack: Recorded, rolling: RollingRestart
) -> None:
    rolling.go_on(set())
    stack.running.discard("door")

    rolling.end()

    assert stack.done == ["terminate door", "start door"]
    assert rolling.done
