"""How often a worker asks the database about a delivery, and that its short way records what the long one does."""

from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import send
from alerts.states import DeliveryState
from contacts.choices import Channel, Priority
from tests.alerts.conftest import Store
from tests.alerts.factories import claim
from tests.aws import Aws
from tests.round_trips import round_trips

DIFFERS = {"id", "alert_id", "delivery_id", "created_at", "available_at", "started_at"}


@pytest.mark.django_db(transaction=True)
def test_a_usual_delivery_takes_three_statements(store: Store, aws: Aws) -> None:
    """To find it, to claim it and to record the answer."""
    first, second = store(Priority.MEDIUM), store(Priority.MEDIUM)
    send.deliver(first.pk)  # which prepares them, and finds the provider up

    with round_trips() as found:
        send.deliver(second.pk)

    assert found == ["prepared"] * 3
    assert Delivery.objects.get(pk=second.pk).state == DeliveryState.SENT


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ended_since_the_last_task_is_replaced(store: Store, aws: Aws) -> None:
    first, second = store(Priority.MEDIUM), store(Priority.MEDIUM)
    send.deliver(first.pk)
    connection.connection.pgconn.finish()

    send.deliver(second.pk)

    assert Delivery.objects.get(pk=second.pk).state == DeliveryState.SENT


@pytest.mark.django_db
def test_a_claim_has_what_the_tables_have(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))

    for mine, stored in (
        (claimed.delivery, Delivery.objects.get()),
        (claimed.delivery.alert, Alert.objects.get()),
        (claimed.attempt, Attempt.objects.get()),
    ):
        assert values(stored) == values(mine)


@pytest.mark.django_db
@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("channel", Channel)
def test_both_ways_of_recording_an_answer_write_the_same(
    store: Store, channel: Channel, priority: Priority
) -> None:
    rows = []
    for position in (1, 2):  # after a second one another may have to follow, so it is recorded step by step
        delivery = store(priority, channel=channel, position=position)
        assert lifecycle.mark_sent(claim(delivery), SendResult("provider-1"))
        recorded = Delivery.objects.get(pk=delivery.pk)
        asks_after = recorded.outcome_due_at and recorded.finished_at
        assert (asks_after is not None) == (channel is Channel.CALL)
        attempt = recorded.attempts.get()
        assert recorded.finished_at
        assert attempt.finished_at
        rows.append(
            (
                {**values(recorded), "position": None, "finished_at": None, "outcome_due_at": None},
                recorded.outcome_due_at
                and round((recorded.outcome_due_at - recorded.finished_at).total_seconds(), 1),
                {**values(attempt), "finished_at": None},
            )
        )

    assert rows[0] == rows[1]


@pytest.mark.django_db
def test_an_answer_after_the_lease_is_not_recorded_as_in_time(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))
    Delivery.objects.update(lease_token="00000000-0000-0000-0000-000000000000", lease_expires_at=Now())

    assert not lifecycle.mark_sent(claimed, SendResult("provider-1"))

    assert Delivery.objects.get().state == DeliveryState.SENDING
    assert Attempt.objects.get().late


@pytest.mark.django_db
def test_find_due_finds_what_may_be_claimed(store: Store) -> None:
    delivery = store(Priority.MEDIUM)
    found = claims.find_due(delivery.pk)
    assert found is not None
    assert (found.pk, found.channel) == (delivery.pk, delivery.channel)

    claim(delivery)

    assert claims.find_due(delivery.pk) is None


def values(row: Any) -> dict[str, Any]:
    """What a row has, without what differs from row to row."""
    return {
        field.attname: row.__dict__[field.attname]
        for field in row._meta.concrete_fields  # noqa: SLF001 - public
        if field.attname in row.__dict__ and field.attname not in DIFFERS
    }
