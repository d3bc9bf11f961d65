"""The schedule of `make chaos`: the same for the same seed, and every fault is repaired again."""

import random
from itertools import pairwise

import pytest

from bench.mishaps.database import TABLES
from bench.mishaps.schedule import ENDS, LOSES_ANSWERS, RELAYS, SHIFTED, ScheduledAction, schedule
from bench.stack import PARTS, WORKERS

SEEDS = range(20)
LEASE = 30.0


def steps_of(seconds: float, seed: int) -> list[ScheduledAction]:
    """The steps of a plan."""
    return schedule(seconds, random.Random(seed), lease=LEASE).steps  # noqa: S311 - for a rehearsal


def test_the_same_seed_gives_the_same_plan() -> None:
    first, again, other = (steps_of(60, seed) for seed in (7, 7, 8))

    assert first == again != other


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_goes_wrong_ends(seed: int) -> None:
    steps = steps_of(60, seed)

    for step in steps:
        if step.action in ENDS:
            ends = [s for s in steps if (s.action, s.target) == (ENDS[step.action], step.target)]
            assert any(end.at > step.at for end in ends), step


@pytest.mark.parametrize("seed", SEEDS)
def test_a_frozen_process_outlasts_its_lease_and_another_of_its_kind_runs(seed: int) -> None:
    steps = steps_of(60, seed)
    frozen: set[str] = set()
    for step in steps:
        if step.action == "freeze" and step.target in PARTS:
            [thaw, *_] = [
                s for s in steps if s.action == "thaw" and s.target == step.target and s.at > step.at
            ]
            assert thaw.at - step.at > LEASE
            frozen.add(step.target)
        frozen -= {step.target} if step.action == "thaw" else set()
        assert not frozen >= set(WORKERS)
        assert not frozen >= set(RELAYS)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_short_run_has_one_of_each_kind_one_after_the_other(seed: int) -> None:
    harmful = [step for step in steps_of(15, seed) if step.harmful]
    begun = {f"{step.action} {step.target}" for step in harmful}

    kinds = {
        "SNS loses answers": {f"spell sns:{name}" for name in LOSES_ANSWERS},
        "Connect misbehaves": {each for each in begun if each.startswith("spell connect:")},
        "a worker is frozen": {f"freeze {name}" for name in WORKERS},
        "a relay is frozen": {f"freeze {name}" for name in RELAYS},
        "PostgreSQL ends or refuses statements": {
            f"{action} postgres" for action in ("terminate", "cancel", "read-only")
        },
        "Redis is flushed": {"flush redis"},
        "Redis refuses": {"demote redis", "fill redis"},
        "Redis is killed": {"kill redis"},
        "PostgreSQL crashes": {"stop postgres", "kill postgres"},
        "a relay is killed": {f"kill {name}" for name in RELAYS},
        "a worker is killed": {f"kill {name}" for name in WORKERS},
        "the web server is killed": {"kill web-api"},
        "AWS hangs": {"freeze aws"},
        "senders stop half-way": {"half-send bodies"},
        "senders come all at once": {"burst alerts"},
    }
    assert [kind for kind, ways in kinds.items() if not ways & begun] == []
    assert min(after.at - before.at for before, after in pairwise(harmful)) >= 0.7


def test_a_long_run_has_every_fault() -> None:
    begun = {(step.action, step.target) for step in steps_of(600, 7) if step.harmful}

    assert {action for action, _ in begun} == {*ENDS, "flush", "terminate", "restart", "burst"}
    assert begun >= {("freeze", "aws"), *(("lock", table) for table in TABLES)}
    assert begun >= {("shift", part) for part in SHIFTED}


def test_no_clock_is_set_wrong_where_that_is_not_possible() -> None:
    steps = schedule(600, random.Random(7), lease=LEASE, clocks=False).steps  # noqa: S311 - for a rehearsal

    assert "shift" not in {step.action for step in steps}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_table_is_locked_only_while_nothing_else_happens_to_the_database(seed: int) -> None:
    locked: set[str] = set()
    for step in steps_of(120, seed):
        if step.action == "lock":
            locked.add(step.target)
        elif step.action == "unlock":
            locked.remove(step.target)
        elif step.target == "postgres":
            assert not locked, step
        assert len(locked) <= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stopped_or_frozen_process_is_left_alone_until_it_is_back(seed: int) -> None:
    held: set[str] = set()
    for step in steps_of(60, seed):
        if step.action in ENDS:
            assert step.target not in held
            held.add(step.target)
        elif step.action in ENDS.values():
            held.remove(step.target)
        else:
            assert step.target not in held
