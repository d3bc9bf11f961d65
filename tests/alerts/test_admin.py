"""Alerts in the admin: staff see what was sent and what became of it, and can change nothing."""

import html

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from alerts import intake, lifecycle
from alerts.channels import ChannelError, Fault
from alerts.models import Alert, Delivery
from alerts.policy import NextChannel
from alerts.states import Reason
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from tests.conftest import an_alert

pytestmark = pytest.mark.django_db

ALERTS = reverse("admin:alerts_alert_changelist")


@pytest.fixture
def staff(db: None) -> Client:
    """A superuser's browser."""
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("staff"))
    return client


@pytest.fixture
def failed(lab: ApiClient, clinician: Clinician) -> Alert:
    """A Low alert whose e-mail address was refused."""
    alert = store(lab, "failed-1")
    claim = lifecycle.claim(Delivery.objects.get(alert=alert).pk)
    assert claim is not None
    error = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
    lifecycle.fail(claim, error, NextChannel(Reason.INVALID_ADDRESS))
    return alert


def store(lab: ApiClient, message_id: str) -> Alert:
    """Take a Low alert."""
    new = intake.NewAlert(**{**an_alert(message_id=message_id), "priority": Priority.LOW})
    return intake.accept(client=lab, new=new).alert


def test_the_list_shows_the_status_that_the_client_was_told(staff: Client, failed: Alert) -> None:
    page = staff.get(ALERTS).content.decode()

    assert "failed-1" in page
    assert "Failed" in page


@pytest.mark.parametrize(("status", "shown"), [("failed", True), ("sent", False)])
def test_the_list_is_filtered_by_status(staff: Client, failed: Alert, status: str, shown: bool) -> None:
    page = staff.get(ALERTS, {"status": status}).content.decode()

    assert ("failed-1" in page) is shown


@pytest.mark.parametrize("query", ["failed-1", "123456789", "C-1", "Clinician"])
def test_an_alert_is_found(staff: Client, failed: Alert, query: str) -> None:
    assert "failed-1" in staff.get(ALERTS, {"q": query}).content.decode()


def test_the_page_says_in_plain_words_what_went_wrong_and_what_to_do(staff: Client, failed: Alert) -> None:
    page = staff.get(reverse("admin:alerts_alert_change", args=[failed.pk])).content.decode()

    assert Reason.INVALID_ADDRESS.label in html.unescape(page)


def test_the_page_of_a_delivery_shows_its_attempts(staff: Client, failed: Alert) -> None:
    delivery = Delivery.objects.get()

    page = staff.get(reverse("admin:alerts_delivery_change", args=[delivery.pk])).content.decode()

    assert "InvalidParameter" in page


@pytest.mark.parametrize("view", ["add", "delete", "change"])
def test_nothing_can_be_added_changed_or_deleted(staff: Client, failed: Alert, view: str) -> None:
    arguments = [] if view == "add" else [failed.pk]

    answer = staff.post(
        reverse(f"admin:alerts_alert_{view}", args=arguments), {"post": "yes", "description": "x"}
    )

    assert answer.status_code == 403
    assert Alert.objects.get().description == an_alert()["description"]


def test_the_number_of_queries_does_not_grow_with_the_list(
    staff: Client, failed: Alert, lab: ApiClient
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            staff.get(ALERTS)
        return len(captured)

    with_one = queries()
    for number in range(10):
        store(lab, f"m{number}")

    assert queries() == with_one < 15
