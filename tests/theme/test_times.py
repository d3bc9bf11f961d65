"""Times and durations in words."""

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from theme import times

WINTER, SUMMER = datetime(2026, 1, 5, 20, 31, 24, tzinfo=UTC), datetime(2026, 7, 5, 20, 31, 24, tzinfo=UTC)


def test_a_full_time_has_year_and_zone(settings: Settings) -> None:
    assert times.full(WINTER) == "5 Jan 2026, 20:31:24 GMT"
    assert times.full(SUMMER) == "5 Jul 2026, 21:31:24 BST"
    settings.TIME_ZONE = "America/Sao_Paulo"
    assert times.full(WINTER) == "5 Jan 2026, 17:31:24 UTC-03"


def test_a_clock_has_the_date_where_the_day_differs() -> None:
    assert times.clock(WINTER, day_of=WINTER - timedelta(hours=20)) == "20:31:24"
    assert times.clock(WINTER, day_of=WINTER - timedelta(hours=21)) == "5 Jan, 20:31:24"


def test_nothing_has_elapsed_backwards() -> None:
    assert times.elapsed(WINTER, WINTER + timedelta(seconds=11)) == "+11 s"
    assert times.elapsed(WINTER, WINTER + timedelta(milliseconds=9)) == "+0.0 s"
    assert times.elapsed(WINTER, WINTER - timedelta(seconds=11)) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "less than 0.1 s"), (9.94, "9.9 s"), (59.4, "59 s"), (3600, "1 h"), (86400 + 7200, "1 d 2 h")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert times.duration(timedelta(seconds=seconds)) == words
