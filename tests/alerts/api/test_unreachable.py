"""422: nobody can be reached, so nothing is stored. The same message_id works once this is fixed."""

import pytest

from alerts.models import Alert
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def test_an_unknown_contact_is_refused(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert(contact_id="C-2"))

    assert answer.status_code == 422
    assert answer.json()["code"] == "unknown_contact"
    assert answer.json()["errors"][0]["field"] == "contact_id"
    assert not Alert.objects.exists()


def test_an_inactive_clinician_is_refused(sender: Sender, clinician: Clinician) -> None:
    Clinician.objects.update(active=False)

    answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (422, "inactive")
    assert not Alert.objects.exists()


def test_a_priority_without_a_channel_is_refused(sender: Sender, clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.LOW: []})

    answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (422, "no_preference")


def test_a_channel_without_an_address_is_refused(sender: Sender, clinician: Clinician) -> None:
    Clinician.objects.update(email="")

    answer = sender.post(an_alert())

    assert (answer.status_code, answer.json()["code"]) == (422, "no_address")


def test_an_email_address_that_nobody_has_confirmed_reaches_nobody(
    sender: Sender, clinician: Clinician
) -> None:
    Clinician.objects.update(email="new@ward.example")

    answer = sender.post(an_alert(priority="L"))

    assert (answer.status_code, answer.json()["code"]) == (422, "email_unconfirmed")
    assert "not confirmed" in answer.json()["detail"]
    assert not Alert.objects.exists()


def test_the_other_channels_take_the_place_of_an_address_that_is_not_confirmed(
    sender: Sender, clinician: Clinician
) -> None:
    preferences.replace(clinician, {Priority.LOW: [Channel.EMAIL, Channel.SMS]})
    Clinician.objects.update(email="new@ward.example")

    answer = sender.post(an_alert(priority="L"))

    assert [delivery["channel"] for delivery in answer.json()["deliveries"]] == ["sms"]


def test_the_same_message_id_is_taken_once_the_clinician_can_be_reached(
    sender: Sender, clinician: Clinician
) -> None:
    Clinician.objects.update(active=False)
    assert sender.post(an_alert()).status_code == 422
    Clinician.objects.update(active=True)

    assert sender.post(an_alert()).status_code == 202


def test_the_first_channel_that_has_an_address_is_taken(sender: Sender, clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [Channel.CALL, Channel.SMS]})
    Clinician.objects.update(call_number="")

    answer = sender.post(an_alert(priority="H"))

    assert [delivery["channel"] for delivery in answer.json()["deliveries"]] == ["sms"]
