"""The plan of `make chaos`: the same for the same seed, and everything that goes wrong is put right again."""

import random

import pytest

from bench.mishaps import ENDS, RELAYS, Step, plan
from bench.stack import WORKERS

SEEDS = range(20)
LEASE = 30.0


def steps_of(seconds: float, seed: int) -> list[Step]:
    """The steps of a plan."""
    return plan(seconds, random.Random(seed), lease=LEASE).steps  # noqa: S311 - for a rehearsal


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
def test_what_is_frozen_outlasts_its_lease_and_one_of_its_kind_is_awake(seed: int) -> None:
    steps = steps_of(60, seed)
    frozen: set[str] = set()
    for step in steps:
        if step.action == "freeze" and step.target != "redis":
            [thaw, *_] = [
                s for s in steps if s.action == "thaw" and s.target == step.target and s.at > step.at
            ]
            assert thaw.at - step.at > LEASE
            frozen.add(step.target)
        frozen -= {step.target} if step.action == "thaw" else set()
        assert not frozen >= set(WORKERS)
        assert not frozen >= set(RELAYS)


def test_a_short_run_freezes_a_worker_and_a_relay_while_answers_are_lost() -> None:
    begun = [(step.action, step.target) for step in steps_of(15, 1)]

    assert ("spell", "sns:error_after") in begun
    assert {target for action, target in begun if action == "freeze"} & set(WORKERS)
    assert {target for action, target in begun if action == "freeze"} & set(RELAYS)
