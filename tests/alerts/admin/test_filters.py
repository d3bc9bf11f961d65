"""What a list of alerts is filtered by: the spans that people name, and the filters in use above the rows."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.admin.filters import Span, spans
from alerts.models import Alert
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, read

pytestmark = pytest.mark.django_db
CLINICIANS = reverse("admin:contacts_clinician_changelist")
UNREADABLE = "The address had a filter that cannot be read"


def chips(page: str) -> dict[str, str]:
    """The filters in use, and where each link leads."""
    links = re.findall(r'<li><a href="([^"]*)" aria-label="Take away the filter ([^"]*)">', page)
    return {words: address for address, words in links}


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of November 2026 in London."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Europe/London"))


NIGHTS = {
    at(19, 20): ("Tonight", at(19, 20), at(20, 8)),
    at(20, 3): ("Tonight", at(19, 20), at(20, 8)),
    at(20, 7, 59): ("Tonight", at(19, 20), at(20, 8)),
    at(20, 8): ("Last night", at(19, 20), at(20, 8)),
    at(20, 19, 59): ("Last night", at(19, 20), at(20, 8)),
    at(20, 22): ("Tonight", at(20, 20), at(21, 8)),
}


@pytest.mark.parametrize("now", NIGHTS)
def test_the_night_is_the_one_that_has_begun_until_the_next_begins(now: datetime) -> None:
    name, begins, ends = NIGHTS[now]

    assert spans(now)["night"] == Span(f"{name} (20:00 to 08:00)", begins, ends)


def test_days_are_those_of_the_hospital() -> None:
    now = datetime(2026, 7, 19, 23, 30, tzinfo=UTC)  # 00:30 in London

    found = spans(now)

    assert found["today"].begins == datetime(2026, 7, 19, 23, tzinfo=UTC)
    assert found["today"].ends == datetime(2026, 7, 20, 23, tzinfo=UTC)
    assert found["week"].begins == datetime(2026, 7, 13, 23, tzinfo=UTC)
    assert found["week"].ends == found["today"].ends


@pytest.mark.parametrize("name", ["today", "night", "week"])
def test_a_span_has_its_beginning_and_not_its_end(staff: Client, failed: Alert, name: str) -> None:
    span = spans(timezone.now())[name]
    moment = timedelta(milliseconds=1)
    times = [span.begins - moment, span.begins, span.ends - moment, span.ends]
    shown = []

    for received in times:
        Alert.objects.filter(pk=failed.pk).update(created_at=received)
        shown.append("failed-1" in read(staff, ALERTS, {"when": name}))

    assert shown == [False, True, True, False]


@pytest.mark.parametrize(
    ("address", "query"),
    [
        (ALERTS, {"when": "tomorrow"}),
        (ALERTS, {"status": "lost"}),
        (ALERTS, {"channel": "pigeon"}),
        (ALERTS, {"tests": "perhaps"}),
        (ALERTS, {"priority__exact": "X"}),
        (CLINICIANS, {"active": "perhaps"}),
        (CLINICIANS, {"problem": "unheard"}),
        (CLINICIANS, {"department": "Nowhere"}),
    ],
)
def test_a_filter_that_cannot_be_read_shows_nothing(
    staff: Client, failed: Alert, address: str, query: dict[str, str]
) -> None:
    name = "failed-1" if address == ALERTS else failed.clinician.name

    assert name in read(staff, address)
    assert name not in read(staff, address, query)


def test_filters_in_use_are_shown_and_each_can_be_taken_away(staff: Client, failed: Alert) -> None:
    query = {
        "status": "failed",
        "priority__exact": "L",
        "client__id__exact": str(failed.client_id),
        "when": "today",
        "created_at_from_0": "04/03/2026",
        "created_at_from_1": "14:30",
        "created_at_to_0": "05/03/2026",
    }

    shown = chips(read(staff, ALERTS, query))

    assert list(shown) == [
        "status: Failed",
        "priority: Low",
        "hospital system: Lab system",
        "received: Today",
        "time received: from 4 Mar 2026 14:30 to 5 Mar 2026 23:59",
    ]
    left = {name: values[0] for name, values in parse_qs(urlsplit(shown["priority: Low"]).query).items()}
    assert left == {name: value for name, value in query.items() if name != "priority__exact"}


def test_alerts_are_filtered_by_department(staff: Client, failed: Alert) -> None:
    Clinician.objects.update(department="Ward 4")

    assert "failed-1" in read(staff, ALERTS, {"department": "ward4"})
    assert "failed-1" not in read(staff, ALERTS, {"department": "Ward 5"})


def test_several_values_of_one_filter_are_one_chip(staff: Client, failed: Alert) -> None:
    page = read(staff, f"{ALERTS}?priority__exact=L&priority__exact=H")

    assert list(chips(page)) == ["priority: Low or High"]


def test_a_time_that_cannot_be_read_is_not_shown_as_if_it_were(staff: Client, failed: Alert) -> None:
    assert list(chips(read(staff, ALERTS, {"created_at_from_0": "31/02/2026"}))) == [
        "time received: cannot be read"
    ]


def test_the_lists_of_django_show_their_filters_too(staff: Client) -> None:
    users = read(staff, reverse("admin:auth_user_changelist"), {"is_active__exact": "1"})

    assert list(chips(users)) == ["active: Yes"]
    assert chips(read(staff, CLINICIANS)) == {}


@pytest.mark.parametrize("query", ["id__exact=x", "nonsense=1"])
def test_a_whole_list_says_that_it_is_not_filtered(staff: Client, failed: Alert, query: str) -> None:
    for address in (ALERTS, CLINICIANS, reverse("admin:auth_user_changelist")):
        assert UNREADABLE not in read(staff, address)
        assert UNREADABLE in read(staff, f"{address}?{query}", follow=True)
