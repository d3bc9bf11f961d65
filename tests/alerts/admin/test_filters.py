"""What a list of alerts is filtered by: the spans that people name, and the filters in use above the rows."""

import re
from datetime import datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from alerts.models import Alert
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, read

pytestmark = pytest.mark.django_db
CLINICIANS = reverse("admin:contacts_clinician_changelist")


def chips(page: str) -> dict[str, str]:
    """The filters in use, and where each link leads."""
    links = re.findall(r'<li><a href="([^"]*)" aria-label="Take away the filter ([^"]*)">', page)
    return {words: address for address, words in links}


@pytest.mark.parametrize(
    ("days", "hour", "found"),
    [
        (0, 0, {"today", "week"}),
        (0, 7, {"today", "night", "week"}),
        (0, 8, {"today", "week"}),
        (-1, 19, {"week"}),
        (-1, 20, {"night", "week"}),
        (-6, 0, {"week"}),
        (-7, 23, set()),
        (1, 0, set()),
    ],
)
def test_spans_that_people_name(staff: Client, failed: Alert, days: int, hour: int, found: set[str]) -> None:
    day = timezone.localdate() + timedelta(days=days)
    if (days, hour) == (0, 0):
        found = found | {"night"}  # midnight is night, too
    received = timezone.make_aware(datetime.combine(day, time(hour)))
    Alert.objects.filter(pk=failed.pk).update(created_at=received)

    shown = {span for span in ("today", "night", "week") if "failed-1" in read(staff, ALERTS, {"when": span})}

    assert shown == found


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
