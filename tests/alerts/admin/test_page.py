"""An alert's page: its story, for those who may read it."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from alerts import lifecycle
from alerts.channels import Receipt
from alerts.models import Alert, Delivery
from alerts.states import Reason
from clients.models import ApiClient
from contacts.choices import Priority
from contacts.models import Clinician
from tests.alerts.admin.desk import page_of, read, store
from tests.conftest import an_alert

pytestmark = pytest.mark.django_db


def test_the_page_says_in_plain_words_what_went_wrong_and_what_to_do(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert Reason.INVALID_ADDRESS.label in page
    assert "InvalidParameter" in page
    assert "Accepted from Lab system" in page
    assert "Nobody is known to have been reached." in page


def test_addresses_are_for_those_who_may_see_clinicians(staff: Client, failed: Alert) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    reader = Client()
    reader.force_login(user)

    may, may_not = read(staff, page_of(failed)), read(reader, page_of(failed))

    assert "E-mail to clinician@ward.example" in may
    assert "E-mail to c***@ward.example" in may_not
    assert "clinician@ward.example" not in may_not
    assert reverse("admin:contacts_clinician_change", args=[failed.clinician_id]) not in may_not


def test_the_address_of_a_delivery_leads_to_its_place_on_the_page(staff: Client, failed: Alert) -> None:
    delivery = Delivery.objects.get()

    answer = staff.get(reverse("admin:alerts_delivery_change", args=[delivery.pk]))

    address, anchor = answer["Location"].split("#")
    assert f'id="{anchor}"' in read(staff, address)


def test_the_heading_has_the_alerts_own_name(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert ">failed-1<" in page
    assert "Failed-1" not in page


@pytest.mark.parametrize("view", ["add", "delete", "change"])
def test_nothing_can_be_added_changed_or_deleted(staff: Client, failed: Alert, view: str) -> None:
    arguments = [] if view == "add" else [failed.pk]

    answer = staff.post(
        reverse(f"admin:alerts_alert_{view}", args=arguments), {"post": "yes", "description": "x"}
    )

    assert answer.status_code == 403
    assert Alert.objects.get().description == an_alert()["description"]


def test_when_the_outcome_was_known_is_part_of_the_story(
    staff: Client, lab: ApiClient, clinician: Clinician
) -> None:
    alert = store(lab, "called-1", Priority.HIGH)
    claim = lifecycle.claim(Delivery.objects.get(alert=alert).pk)
    assert claim is not None
    lifecycle.accept(claim, Receipt("contact-1"))
    assert "Outcome known" not in read(staff, page_of(alert))

    lifecycle.confirm(claim.delivery.pk)

    assert "Outcome known" in read(staff, page_of(alert))
