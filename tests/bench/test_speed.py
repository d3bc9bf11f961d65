"""The figures of `make bench`, and its picture."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.speed import grown, picture
from bench.speed.figures import GOALS, HEAD, Figure, as_json, number, rows
from bench.speed.taking import Sample, Way, figures

FIGURES = [
    Figure("processor", "processor", 8.0, "ms"),
    Figure("taken_against_reference", "against", 4.99, "×"),
    Figure("taken_door", "through the door", 700.0, "a second"),
]


def test_a_row_has_the_goal_and_whether_it_is_met() -> None:
    assert [row[3:] for row in rows(FIGURES)] == [("≤ 8", "met"), ("≥ 5", "not met"), ("", "")]
    assert {len(row) for row in rows(FIGURES)} == {len(HEAD)}
    assert [each["met"] for each in as_json(FIGURES)] == [True, False, None]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.4567, "0.46"), (9.876, "9.88"), (12.34, "12.3"), (123.4, "123"), (5064.2, "5,064")],
)
def test_a_figure_has_three_digits(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_ratio_is_taken_round_by_round() -> None:
    samples = {
        Way.NEW: [Sample(600, 2, 20, 40), Sample(300, 4, 40, 90), Sample(660, 2, 20, 40)],
        Way.REFERENCE: [Sample(100, 9, 90, 99), Sample(50, 18, 180, 300), Sample(110, 9, 90, 99)],
        Way.FLOOR: [Sample(3000, 0.3), Sample(3000, 0.3), Sample(3000, 0.3)],
    }
    found = {each.key: each.value for each in figures(samples)}

    assert found["taken_new"] == 600
    assert found["taken_against_reference"] == 6, "half of the machine was away in the second round, for both"
    assert found["taken_against_floor"] == 20
    assert "repeats_against_new" not in found, "it was not measured"
    assert set(found) & set(GOALS) == {"taken_against_reference", "taken_against_floor"}


def test_the_picture_has_a_place_for_each_way_and_number_of_connections() -> None:
    curves = {
        way: {1: 10.0 * times, 4: 30.0 * times, 64: 90.0 * times}
        for times, way in enumerate(picture.COLOURS, 1)
    }
    drawn = ET.fromstring(picture.connections(curves))  # noqa: S314 - our own

    circles = drawn.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 3 * len(curves)
    first, last = (float(circles[place].attrib["cy"]) for place in (0, 2))
    assert first > last > 0, "more is higher"


def test_large_tables_are_compared_for_rates_and_for_the_slowest_page(tmp_path: Path) -> None:
    measured = {
        "taken, a second": {"1000": 600.0, "10000": 590.0, "2000000": 570.0},
        "sent, a second": {"1000": 100.0, "10000": 90.0, "2000000": 80.0},
        "alerts": {"1000": 50.0, "10000": 55.0, "2000000": 40.0},
        "alerts, failed": {"10000": 55.0, "2000000": 110.0},
    }
    file = tmp_path / "sizes.json"
    assert grown.figures(file) == [], "nobody has measured it"
    file.write_text(json.dumps({"figures": measured}))
    taken, sent, median, pages = grown.figures(file)

    assert (taken.value, sent.value, median.value, pages.value) == (95, 80, 87.5, 50)
    assert "alerts, failed" in pages.says
    assert {each.key for each in (taken, sent, pages)} < set(GOALS)
