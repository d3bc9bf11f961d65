"""A list of more alerts than it counts, and a search in more than it looks through."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts.admin import search
from alerts.models import Alert
from clients.models import ApiClient
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, SEARCH, read, store
from tests.staff.access.bulk import make_alerts
from theme import pagination

pytestmark = pytest.mark.django_db


@pytest.fixture
def sixty(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the list counts: it does so to 55."""
    monkeypatch.setattr(pagination, "COUNTED", 55)
    make_alerts(60)


def test_a_list_that_was_not_counted_to_its_end_says_so(staff: Client, sixty: None) -> None:
    page = read(staff, ALERTS)

    assert "more than 55" in page
    assert "across all pages" not in page  # as many as nobody has counted


def test_a_list_that_was_counted_says_how_many(staff: Client, sixty: None) -> None:
    page = read(staff, ALERTS, {"p": "2"})

    assert "more than" not in page
    assert "60" in page


def test_each_alert_is_on_one_page(staff: Client, sixty: None) -> None:
    shown = [
        alert.pk
        for number in ("1", "2")
        for answer in [staff.get(ALERTS, {"p": number})]
        for alert in answer.context["cl"].result_list
    ]

    assert shown == list(Alert.objects.order_by("-created_at", "-id").values_list("pk", flat=True))


def finding(staff: Client, query: dict[str, str]) -> list[str]:
    """The statements that find the alerts of a list, before it reads those that it shows by their keys."""
    with CaptureQueriesContext(connection) as made:
        answer: Any = staff.get(ALERTS, query)
    assert answer.status_code == 200
    statements = [each["sql"] for each in made.captured_queries if 'FROM "alerts_alert"' in each["sql"]]
    return [each for each in statements if not re.search(r'"id" IN \(\d', each) and "1 day" not in each]


@pytest.mark.parametrize(
    "query", [{}, {"p": "2"}, {"status": "queued"}, {"status": "failed"}, {"department": "Ward"}]
)
def test_the_alerts_of_a_list_are_found_once(
    staff: Client, clinician: Clinician, sixty: None, query: dict[str, str]
) -> None:
    Clinician.objects.update(department="Ward")

    [statement] = finding(staff, query)

    assert "contacts_clinician" not in statement, "to look up the clinician of each alert takes long"


@pytest.mark.parametrize("number", ["3", "900", str(10**12), "9" * 5000])
def test_a_page_that_is_not_there_leads_to_the_list(staff: Client, sixty: None, number: str) -> None:
    answer: Any = staff.get(ALERTS, {"p": number}, follow=True)

    assert answer.status_code == 200


def test_a_status_that_there_is_not_finds_nothing(staff: Client, failed: Alert) -> None:
    assert "failed-1" not in read(staff, ALERTS, {"status": "zzz"})


@pytest.fixture
def old(lab: ApiClient, clinician: Clinician, monkeypatch: pytest.MonkeyPatch) -> Alert:
    """An alert that is older than those which a search looks through."""
    alert = store(lab, "old-1", patient_id="reference-old", description="Potassium 6.9")
    monkeypatch.setattr(search, "SEARCHED", 2)
    for number in range(3):
        store(lab, f"new-{number}", patient_id="reference-new", description="Potassium 6.9")
    return alert


@pytest.mark.parametrize("term", ["old-1", "reference-old"])
def test_an_old_alert_is_found_by_a_whole_id(staff: Client, old: Alert, term: str) -> None:
    page: Any = staff.post(SEARCH, {"q": term}, follow=True)

    assert [alert.message_id for alert in page.context["cl"].result_list] == ["old-1"]


def test_parts_of_words_are_looked_for_in_the_newest_and_the_page_says_so(staff: Client, old: Alert) -> None:
    page: Any = staff.post(SEARCH, {"q": "potass"}, follow=True)

    assert {alert.message_id for alert in page.context["cl"].result_list} == {"new-1", "new-2"}
    assert "Searched the newest alerts, since" in page.content.decode()


def test_a_search_in_few_alerts_looks_through_all(
    staff: Client, old: Alert, monkeypatch: pytest.MonkeyPatch
) -> None:
    page: Any = staff.post(SEARCH, {"q": "potass", "status": "failed"}, follow=True)
    assert "Searched the newest alerts, since" not in page.content.decode()

    monkeypatch.setattr(search, "SEARCHED", 4)
    page = staff.post(SEARCH, {"q": "potass"}, follow=True)
    assert len(page.context["cl"].result_list) == 4
