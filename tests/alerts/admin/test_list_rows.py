"""What stands out in the list of alerts, and what does not: High, channel tests, and that it is empty."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from alerts import channel_tests
from alerts.models import Alert
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import ALERTS, SEARCH, page_of, read, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def test_message(failed: Alert, clinician: Clinician) -> str:
    """The message ID of a channel test, beside an alert that failed."""
    return channel_tests.send_test(clinician=clinician, channel=Channel.SMS, by="Olive Oakes").message_id


def test_channel_tests_are_not_shown_among_alerts_and_the_list_says_how_many(
    staff: Client, test_message: str
) -> None:
    page = read(staff, ALERTS)

    assert test_message not in page
    assert "failed-1" in page
    assert "1 channel test of the last 24 hours is not shown." in page
    assert 'href="?tests=with"' in page


@pytest.mark.parametrize(("asked", "alerts_too"), [("with", True), ("only", False)])
def test_channel_tests_are_shown_to_those_who_ask(
    staff: Client, test_message: str, asked: str, alerts_too: bool
) -> None:
    page = read(staff, ALERTS, {"tests": asked})

    assert test_message in page
    assert ("failed-1" in page) is alerts_too
    assert "not shown." not in page


def test_a_filter_stays_when_the_tests_are_shown(staff: Client, test_message: str) -> None:
    assert 'href="?status=failed&tests=with"' in read(staff, ALERTS, {"status": "failed"})


def test_a_search_finds_channel_tests(staff: Client, test_message: str) -> None:
    address = staff.post(SEARCH, {"q": test_message})["Location"]

    assert page_of(Alert.objects.get(message_id=test_message)) in read(staff, address)


def test_an_empty_list_offers_only_what_the_user_can_do(staff: Client) -> None:
    empty, filtered = read(staff, ALERTS), read(staff, ALERTS, {"status": "failed"})
    clinicians = read(staff, reverse("admin:contacts_clinician_changelist"))

    assert "There is nothing to show" in empty
    assert "Show all" not in empty
    assert "Nothing matches the search and the filters" in filtered
    assert re.search(r'<a href="\?"[^>]*>\s*Show all', filtered)
    for page in (empty, filtered):
        assert "Add alert" not in page
        assert "new item" not in page
    assert re.search(r'<a href="/admin/contacts/clinician/add/[^>]*>\s*Add clinician', clinicians)


def test_high_is_stressed(staff: Client, failed: Alert, lab: ApiClient) -> None:
    assert "badge high" not in read(staff, ALERTS)

    store(lab, "urgent-1", Priority.HIGH)

    assert read(staff, ALERTS).count("badge high") == 1
