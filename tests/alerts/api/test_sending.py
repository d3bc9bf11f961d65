"""POST /notification: what is stored, and what is answered."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Delivery
from alerts.states import DeliveryState
from contacts.models import Clinician
from tests.factories import an_alert
from tests.sender import Sender

pytestmark = pytest.mark.django_db


def test_an_alert_is_stored_with_its_first_delivery(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert(priority="H"))

    assert answer.status_code == 202
    assert answer["Location"] == "/notification/123"
    assert answer.json()["message_id"] == "123"
    assert answer.json()["status"] == "queued"
    delivery = Delivery.objects.get()
    assert (delivery.channel, delivery.address, delivery.state) == (
        "call",
        "+447700900001",
        DeliveryState.PENDING,
    )
    assert answer.json()["deliveries"][0]["id"] == str(delivery.pk)


def test_an_address_is_masked(sender: Sender, clinician: Clinician) -> None:
    answer = sender.post(an_alert(priority="H"))

    assert answer.json()["deliveries"][0]["address"] == "+*********001"
    assert "7700900001" not in answer.content.decode()


def test_counting_the_parts_of_an_sms_asks_the_database_nothing(sender: Sender, clinician: Clinician) -> None:
    def queries(message_id: str, priority: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = sender.post(an_alert(message_id=message_id, priority=priority))
        assert (answer.json()["deliveries"][0]["parts"] is None) is (priority == "L")
        return len(captured)

    queries("first", "L")  # the token's first use is noted by now

    assert queries("sms", "M") == queries("email", "L")
