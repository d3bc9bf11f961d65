"""What Home costs: its queries, and its cache."""

import pytest
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.monitoring import report
from contacts.choices import Channel, Priority
from staff.roles import Role
from tests.factories import make_clinician
from tests.staff.home.visits import home_of
from tests.staff.users import PEOPLE, SUPERUSER

pytestmark = pytest.mark.django_db

MAX_QUERIES = 31
"""Five of them for a plan that names somebody in doubt."""


@pytest.mark.parametrize("person", PEOPLE)
def test_the_page_takes_few_queries(something_of_each_kind: None, person: str) -> None:
    for period in ("day", "week"):
        client = home_of(person)
        caches["process"].clear()
        report.recent.forget()

        with CaptureQueriesContext(connection) as queries:
            client.get(f"/admin/?period={period}")

        assert len(queries) <= MAX_QUERIES, period


def test_results_are_cached(something_of_each_kind: None) -> None:
    client = home_of(SUPERUSER)
    first = client.get("/admin/")

    with CaptureQueriesContext(connection) as queries:
        second = client.get("/admin/")

    assert len(queries) <= 7  # who it is, and how the alerts that are named stand
    assert second.context["statistics_at"] == first.context["statistics_at"]
    assert second.context["attention"].at == first.context["attention"].at


def test_queries_do_not_grow_with_the_number_of_problems(something_of_each_kind: None) -> None:
    for number in range(30):
        make_clinician(f"D-{number}", {Priority.HIGH: [Channel.CALL]})
    client = home_of(Role.AUDITORS.value)

    with CaptureQueriesContext(connection) as queries:
        answer = client.get("/admin/")

    assert len(queries) <= MAX_QUERIES
    assert "and 26 more" in answer.content.decode()
