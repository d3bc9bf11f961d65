"""Pages of the list, there and back: each alert once, however many share a time."""

from itertools import chain
from typing import Any

import pytest
from django.utils import timezone

from alerts.models import Alert
from clients.models import ApiClient
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db
START = "/notification?page_size="


def store(lab: ApiClient, clinician: Clinician, number: int) -> None:
    """Alerts that were all accepted at the same time."""
    body = {**an_alert(), "client": lab, "clinician": clinician, "created_at": timezone.now()}
    Alert.objects.bulk_create(Alert(**{**body, "message_id": f"m{order}"}) for order in range(number))


def walk(sender: Sender, url: str | None, way: str) -> tuple[list[list[str]], str]:
    """The message IDs on each page from `url` on, and the last page's URL."""
    pages, last = [], ""
    while url:
        last = url
        page: dict[str, Any] = sender.get(url).json()
        pages.append([alert["message_id"] for alert in page["results"]])
        url = page[way]
    return pages, last


def each(pages: list[list[str]]) -> list[str]:
    """What is on the pages, page by page."""
    return list(chain.from_iterable(pages))


@pytest.mark.parametrize("size", [1, 4, 10, 29, 30, 50])
def test_alerts_with_one_time_are_listed_once_there_and_back(
    sender: Sender, lab: ApiClient, clinician: Clinician, size: int
) -> None:
    store(lab, clinician, 30)

    there, last = walk(sender, f"{START}{size}", "next")
    back, _first = walk(sender, last, "previous")

    assert each(there) == [f"m{number}" for number in reversed(range(30))]
    assert each(back[::-1]) == each(there)
    assert all(there)
    assert all(back)


def test_times_that_differ_and_times_that_do_not(
    sender: Sender, lab: ApiClient, clinician: Clinician
) -> None:
    store(lab, clinician, 5)
    for number in range(5, 10):
        sender.post(an_alert(message_id=f"m{number}"))

    there, last = walk(sender, f"{START}3", "next")
    back, _first = walk(sender, last, "previous")

    assert each(there) == each(back[::-1]) == [f"m{number}" for number in reversed(range(10))]


def test_from_any_page_one_can_turn_round(sender: Sender, lab: ApiClient, clinician: Clinician) -> None:
    store(lab, clinician, 9)
    first = sender.get(f"{START}3").json()
    second = sender.get(first["next"]).json()

    back = sender.get(second["previous"]).json()

    assert back["results"] == first["results"]
    assert back["previous"] is None
    assert sender.get(back["next"]).json()["results"] == second["results"]


def test_a_page_that_has_become_empty_leads_back(
    sender: Sender, lab: ApiClient, clinician: Clinician
) -> None:
    store(lab, clinician, 4)
    first = sender.get(f"{START}2&priority=L").json()
    Alert.objects.filter(message_id__in=["m0", "m1"]).update(priority="M")

    empty = sender.get(first["next"]).json()

    assert (empty["results"], empty["next"]) == ([], None)
    assert sender.get(empty["previous"]).json()["results"] == first["results"]


def test_a_way_back_that_has_become_empty_leads_on(
    sender: Sender, lab: ApiClient, clinician: Clinician
) -> None:
    store(lab, clinician, 4)
    second = sender.get(sender.get(f"{START}2&priority=L").json()["next"]).json()
    Alert.objects.filter(message_id__in=["m2", "m3"]).update(priority="M")

    empty = sender.get(second["previous"]).json()

    assert (empty["results"], empty["previous"]) == ([], None)
    assert sender.get(empty["next"]).json()["results"] == second["results"]


def test_filters_stay_on_every_page(sender: Sender, lab: ApiClient, clinician: Clinician) -> None:
    store(lab, clinician, 6)
    Alert.objects.filter(message_id__in=["m1", "m3"]).update(priority="M")

    pages, _last = walk(sender, f"{START}1&priority=M", "next")

    assert pages == [["m3"], ["m1"]]
