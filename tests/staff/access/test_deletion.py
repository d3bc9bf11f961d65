"""Records that others name are kept, and the page says why and what to do instead."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from alerts import intake
from clients.models import ApiClient
from contacts.models import Clinician
from tests.factories import an_alert, make_clinician

pytestmark = pytest.mark.django_db

CLINICIANS, CLIENTS = "/admin/contacts/clinician/", "/admin/clients/apiclient/"


@pytest.fixture
def alerted(clinician: Clinician) -> Clinician:
    """A clinician with three alerts."""
    client = ApiClient.objects.create(name="Lab system")
    for number in range(3):
        intake.accept(client=client, new=intake.NewAlert(**an_alert(message_id=f"m-{number}")))
    return clinician


def read(answer: Any) -> str:
    text: str = answer.content.decode()
    return " ".join(text.split())


def test_a_clinician_with_alerts_is_kept_and_the_page_says_what_to_do(
    admin_client: Client, alerted: Clinician
) -> None:
    for page in (
        read(admin_client.get(f"{CLINICIANS}{alerted.pk}/delete/")),
        read(admin_client.post(f"{CLINICIANS}{alerted.pk}/delete/", {"post": "yes"})),
    ):
        assert "Nothing is deleted" in page
        assert (
            f'href="{CLINICIANS}{alerted.pk}/change/">{alerted}</a> is named by 3 deliveries and 3 alerts.'
            in page
        )
        assert "Untick “Active” there instead" in page
        assert "m-1" not in page, "not a list of all alerts"
    assert Clinician.objects.filter(pk=alerted.pk).exists()


def test_a_hospital_system_that_has_sent_is_kept_too(admin_client: Client, alerted: Clinician) -> None:
    client = ApiClient.objects.get()

    page = read(admin_client.get(f"{CLIENTS}{client.pk}/delete/"))

    assert "Lab system</a> is named by 3 alerts. Untick “Active” there instead: its requests" in page


def test_of_several_the_page_names_those_that_are_kept(admin_client: Client, alerted: Clinician) -> None:
    others = [make_clinician(f"D-{number}", {}) for number in range(20)]
    chosen = {"action": "delete_selected", "_selected_action": [alerted.pk, *(each.pk for each in others)]}

    with CaptureQueriesContext(connection) as queries:
        page = read(admin_client.post(CLINICIANS, chosen))

    assert len(queries) < 20
    assert f"{alerted}</a> is named by 3 deliveries and 3 alerts" in page
    assert "D-7" not in page.partition("Nothing is deleted")[2]


def test_a_clinician_whom_nothing_names_is_deleted(admin_client: Client, clinician: Clinician) -> None:
    admin_client.post(f"{CLINICIANS}{clinician.pk}/delete/", {"post": "yes"})

    assert not Clinician.objects.exists()
