"""The full database of `make bench-size`, and what it makes of its figures."""

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from django.db import connection

from alerts.admin import search
from alerts.models import Alert, Delivery
from alerts.states import AlertState, AlertStatus
from bench.load import full_database
from bench.size import pages, picture, run
from clients.models import ApiClient
from tests.faults import consistency

FIGURES = {
    "taken, a second": {"1000": 200.0, "2000000": 100.0},
    "sent, a second": {"1000": 50.0, "2000000": 50.0},
    "Home": {"1000": 100.0, "2000000": 400.0},
    "alerts: all": {"1000": 100.0, "2000000": 110.0},
}


@pytest.mark.django_db(transaction=True)
def test_the_alerts_that_it_writes_follow_all_rules(lab: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_database, "ALERTS_A_BATCH", 700)
    monkeypatch.setattr(full_database, "OPEN_FOR", 1000)
    lines: list[str] = []
    connection.ensure_connection()

    full_database.fill(connection.connection, alerts=2000, clinicians=50, report=lines.append)

    assert consistency.flaws() == []
    assert lines[-1] == "2,000 of 2,000 alerts written"
    alerts: Any = Alert.objects.with_status()
    statuses = set(alerts.values_list("status", flat=True))
    assert statuses == {*AlertStatus} - {AlertStatus.ACKNOWLEDGED, AlertStatus.WITHDRAWN}
    assert 0 < Alert.objects.needing_attention().count() < Alert.objects.filter(failed=True).count()
    assert Alert.objects.filter(state=AlertState.CLOSED).exists()
    assert Delivery.objects.filter(position=2).exists()


@pytest.mark.parametrize(
    ("name", "percent"), [("taken, a second", 50), ("sent, a second", 100), ("Home", 25)]
)
def test_it_says_how_fast_the_largest_is(name: str, percent: float) -> None:
    assert run.speed(name, FIGURES[name]) == percent


def test_a_page_counts_where_it_is_full() -> None:
    rows = run.rows(
        {**FIGURES, "alerts: failed": {"100000": 90.0, "2000000": 100.0}}, [1000, 100_000, 2_000_000]
    )

    assert rows[-1] == ("alerts: failed", "–", "90", "100", "90 %")
    assert rows[2] == ("Home", "100", "–", "400", "25 %")


def test_it_knows_how_many_alerts_a_search_looks_through() -> None:
    assert pages.SEARCHED == search.SEARCHED


def test_the_picture_shows_what_costs_more() -> None:
    drawn = picture.cost(FIGURES)

    assert ET.fromstring(drawn).get("aria-label")  # noqa: S314 - made here
    assert "taking an alert: 2.00 ×" in drawn
    assert "sending it: 1.00 ×" in drawn
