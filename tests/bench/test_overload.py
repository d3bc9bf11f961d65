"""The benchmark of an overload: clients must not take what they measure."""

import os

import pytest

from bench.overload import processors


@pytest.mark.parametrize(
    ("ours", "for_bleep", "for_clients"),
    [({0, 1}, {0}, {1}), ({2, 5, 7, 9}, {2, 5, 7}, {9}), ({3}, {3}, {3})],
    ids=["two", "four", "one"],
)
def test_clients_have_a_processor_of_their_own(
    monkeypatch: pytest.MonkeyPatch, ours: set[int], for_bleep: set[int], for_clients: set[int]
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: ours)

    assert processors() == (for_bleep, for_clients)
