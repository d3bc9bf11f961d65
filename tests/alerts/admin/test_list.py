"""The list of alerts: what it shows, how it is filtered and searched, and what it asks the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts.admin import search
from alerts.channels import ChannelError, Fault
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Alert, Delivery
from alerts.states import Reason, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from tests.alerts.admin.pages import ALERTS, SEARCH, page_of, read, store
from tests.alerts.factories import handle
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db


def test_the_list_shows_the_status_that_the_api_reports(staff: Client, failed: Alert) -> None:
    page = read(staff, ALERTS)

    assert "failed-1" in page
    assert "Failed" in page


def test_the_list_says_what_has_been_dealt_with(staff: Client, failed: Alert) -> None:
    handle(StaffAction.CLOSE, failed.pk, by=User.objects.get(), after=0)

    assert "Failed, dealt with" in read(staff, ALERTS)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"status": "failed"}, True),
        ({"status": "attention"}, True),
        ({"status": "sent"}, False),
        ({"status": "closed"}, False),
        ({"priority__exact": "L"}, True),
        ({"priority__exact": "H"}, False),
        ({"channel": "email"}, True),
        ({"channel": "sms"}, False),
    ],
)
def test_the_list_is_filtered(staff: Client, failed: Alert, query: dict[str, str], shown: bool) -> None:
    assert ("failed-1" in read(staff, ALERTS, query)) is shown


def test_an_alert_that_was_dealt_with_needs_no_attention(staff: Client, failed: Alert) -> None:
    handle(StaffAction.CLOSE, failed.pk, by=User.objects.get(), after=0)

    assert "failed-1" not in read(staff, ALERTS, {"status": "attention"})
    assert "failed-1" in read(staff, ALERTS, {"status": "closed"})
    assert "failed-1" in read(staff, ALERTS, {"status": "failed"})


@pytest.mark.parametrize(("days", "shown"), [(0, True), (1, False), (-1, False)])
@pytest.mark.parametrize("written", ["%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d"])
def test_a_date_without_a_time_means_the_whole_day(
    staff: Client, failed: Alert, written: str, days: int, shown: bool
) -> None:
    day = (timezone.localtime() + timedelta(days=days)).strftime(written)

    page = read(staff, ALERTS, {"created_at_from_0": day, "created_at_to_0": day})

    assert ("failed-1" in page) is shown


def test_day_and_month_are_read_as_they_are_written_here(staff: Client, failed: Alert) -> None:
    received = datetime(2026, 3, 4, 14, 30, 15, tzinfo=UTC)  # the fourth of March, and Greenwich time
    Alert.objects.filter(pk=failed.pk).update(created_at=received)

    for first, last, shown in (
        ("04/03/2026 14:30", "04/03/2026 14:31", True),
        ("04/03/2026 14:31", "04/03/2026 15:00", False),
        ("03/04/2026 00:00", "03/04/2026 23:59", False),
    ):
        ends = {"from": first.split(), "to": last.split()}
        query = {f"created_at_{end}_{part}": each[part] for end, each in ends.items() for part in (0, 1)}
        assert ("failed-1" in read(staff, ALERTS, query)) is shown


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"created_at_from_0": "31/02/2026"}, "“31/02/2026” is not a date, so no alerts are shown."),
        ({"created_at_to_0": "yesterday"}, "“yesterday” is not a date"),
        ({"created_at_from_0": "04/03/2026", "created_at_from_1": "25:00"}, "“25:00” is not a time"),
        ({"created_at_to_1": "14:30"}, "A time needs a date"),
    ],
)
def test_a_time_that_cannot_be_read_shows_nothing_and_says_so(
    staff: Client, failed: Alert, query: dict[str, str], sentence: str
) -> None:
    page = read(staff, ALERTS, query)

    assert "failed-1" not in page
    assert page.count(sentence) == 1


def test_the_list_is_filtered_by_client(staff: Client, failed: Alert, lab: ApiClient) -> None:
    other = ApiClient.objects.create(name="Imaging")

    assert "failed-1" not in read(staff, ALERTS, {"client__id__exact": str(other.pk)})
    assert "failed-1" in read(staff, ALERTS, {"client__id__exact": str(lab.pk)})


@pytest.mark.parametrize("term", ["failed-1", "123456789", "C-1", "Clinician", "results READY"])
def test_an_alert_is_found(staff: Client, failed: Alert, lab: ApiClient, term: str) -> None:
    other = {"name": "Somebody Else", "email": "other@ward.example"}  # an address is searched, too
    make_clinician("D-9", {Priority.LOW: [Channel.EMAIL]}, **other)
    store(lab, "another", contact_id="D-9", patient_id="987", description="Potassium 6.9")

    page: Any = staff.post(SEARCH, {"q": term}, follow=True)

    assert "failed-1" in page.content.decode()
    assert "another" not in page.content.decode()
    assert term in page.content.decode()  # in the box, to be changed


@pytest.mark.parametrize(
    "query",
    [
        *[
            f"{name}=%00"
            for name in ("status", "channel", "priority__exact", "client__id__exact", "q", "p", "x")
        ],
        *[
            "status=zzz",
            "channel=zzz",
            "client__id__exact=zzz",
            f"client__id__exact={10**30}",
            "o=9.9",
            "o=%00",
        ],
        *["p=-1", "p=abc", "page=abc", "created_at_from_0=zzz", "created_at_to_0=%00", "created_at__gte=zzz"],
    ],
)
def test_an_invalid_query_string_breaks_nothing(staff: Client, failed: Alert, query: str) -> None:
    page: Any = staff.get(f"{ALERTS}?{query}", follow=True)

    assert page.status_code == 200


def test_a_search_with_a_nul_breaks_nothing(staff: Client, failed: Alert) -> None:
    found: Any = staff.post(SEARCH, {"q": "failed\x00-1", "status": "\x00"}, follow=True)
    assert "failed-1" in found.content.decode()

    assert staff.post(SEARCH, {"q": "\x00"})["Location"] == f"{ALERTS}?"


def test_the_search_term_is_in_no_url(staff: Client, failed: Alert) -> None:
    answer: Any = staff.post(SEARCH, {"q": "123456789", "status": "failed"}, follow=True)
    links = answer.content.decode().split("href=")

    assert [address for address, _status in answer.redirect_chain if "123456789" in address] == []
    assert "status=failed" in answer.redirect_chain[0][0]
    assert [link for link in links if "123456789" in link.split(">")[0]] == []


def test_a_search_works_only_in_its_own_session(
    staff: Client, operator: Client, failed: Alert, lab: ApiClient
) -> None:
    address = staff.post(SEARCH, {"q": "nothing like it"})["Location"]
    assert "failed-1" not in read(staff, address)

    elsewhere = read(operator, address, follow=True)

    assert search.FORGOTTEN in elsewhere
    assert "failed-1" in elsewhere


def test_an_empty_search_shows_all(staff: Client, failed: Alert) -> None:
    assert staff.post(SEARCH, {"q": " "})["Location"] == f"{ALERTS}?"


def test_the_oldest_searches_expire(staff: Client) -> None:
    addresses = [
        staff.post(SEARCH, {"q": f"term {number}"})["Location"] for number in range(search.MAX_TERMS + 1)
    ]

    assert staff.get(addresses[0]).status_code == 302
    assert {staff.get(address).status_code for address in (addresses[1], addresses[-1])} == {200}


def test_the_rows_alone_leave_messages_for_a_whole_page(staff: Client, failed: Alert) -> None:
    staff.get(ALERTS, {"q": "forgotten"})  # which leaves a message

    rows: Any = staff.get(ALERTS, headers={"X-Bleep-Refresh": "1"})

    assert "failed-1" in rows.content.decode()
    assert "<html" not in rows.content.decode()
    assert search.FORGOTTEN in read(staff, ALERTS)


def test_the_number_of_queries_does_not_grow(operator: Client, failed: Alert, lab: ApiClient) -> None:
    """Of the list, of an alert's page, and of the page that asks."""

    def queries() -> list[int]:
        chosen = [str(pk) for pk in Alert.objects.values_list("pk", flat=True)]
        form = {"action": "resend_selected", "_selected_action": chosen, "index": "0"}
        counted = []
        for look in (
            lambda: operator.get(ALERTS),
            lambda: operator.get(page_of(failed)),
            lambda: operator.post(ALERTS, form),
        ):
            with CaptureQueriesContext(connection) as captured:
                assert look().status_code == 200  # type: ignore[no-untyped-call]
            counted.append(len(captured))
        return counted

    handle(StaffAction.RESEND, failed.pk, by=User.objects.get(), after=0)
    queries()  # what is read once for all pages
    few = queries()
    for number in range(20):
        make_clinician(f"D-{number}", {Priority.LOW: [Channel.EMAIL]})
        store(lab, f"m{number}", contact_id=f"D-{number}")
    for number in range(2, 5):
        claim = claims.claim(Delivery.objects.get(alert=failed, round=number).pk)
        assert claim is not None
        error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
        lifecycle.mark_failed(claim, error, NextChannel(Reason.INVALID_ADDRESS))
        handle(StaffAction.RESEND, failed.pk, by=User.objects.get())

    assert queries() == few
    assert few[0] < 15, few
    assert max(few) <= 17, few  # one notes who opened the page
