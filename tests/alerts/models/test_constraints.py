"""What the database refuses, whatever Python forgets."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from alerts.models import Alert, Attempt, Delivery
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import claim


@pytest.mark.django_db
@pytest.mark.parametrize(
    "broken",
    [
        {"state": "sending"},
        {"state": "sending", "lease_token": uuid.UUID(int=1)},
        {"lease_token": uuid.UUID(int=1)},
        {"state": "failed", "finished_at": Now()},
        {"state": "unknown", "finished_at": Now()},
        {"state": "failed", "reason": "refused"},
        {"state": "sent", "finished_at": Now()},
        {"state": "delivered", "finished_at": Now()},
        {"state": "lost"},
        {"reason": "bad luck"},
        {"channel": "pigeon"},
        {"priority": "X"},
        {"address": ""},
        {"finished_at": Now()},
    ],
    ids=str,
)
def test_the_database_refuses_a_delivery_that_makes_no_sense(store: Store, broken: dict[str, Any]) -> None:
    store(Priority.HIGH)

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.update(**broken)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "broken",
    [
        {"state": "sent", "finished_at": Now()},
        {"state": "rejected", "finished_at": Now()},
        {"state": "unknown", "reason": "answer_lost"},
        {"state": "dialling"},
        {"reason": "bad luck"},
        {"finished_at": Now()},
    ],
    ids=str,
)
def test_the_database_refuses_an_attempt_that_makes_no_sense(store: Store, broken: dict[str, Any]) -> None:
    claim(store(Priority.HIGH))

    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.update(**broken)


@pytest.mark.django_db
def test_the_database_refuses_a_second_attempt_while_one_is_calling(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    with pytest.raises(IntegrityError), transaction.atomic():
        Attempt.objects.create(delivery=claimed.delivery, channel=claimed.delivery.channel, number=2)


@pytest.mark.django_db
def test_the_database_refuses_a_second_delivery_over_one_channel_in_a_round(store: Store) -> None:
    delivery = store(Priority.HIGH)

    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            alert=delivery.alert,
            clinician=delivery.clinician,
            priority="H",
            channel=delivery.channel,
            address="+447700900009",
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    "broken", [{"state": "happy"}, {"priority": "h"}, {"description": ""}, {"message_id": ""}], ids=str
)
def test_the_database_refuses_an_alert_that_makes_no_sense(store: Store, broken: dict[str, Any]) -> None:
    store(Priority.HIGH)

    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.update(**broken)


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"is_test": True}, {"client": None}])
def test_an_alert_has_a_client_unless_it_is_a_test(store: Store, fields: dict[str, Any]) -> None:
    alert = store(Priority.LOW).alert

    with pytest.raises(IntegrityError, match="alert_has_a_client_unless"), transaction.atomic():
        Alert.objects.filter(pk=alert.pk).update(**fields)
