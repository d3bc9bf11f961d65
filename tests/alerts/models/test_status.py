"""The status of an alert, as it is computed, as it is looked for, and as the database keeps it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import combinations_with_replacement, product
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from alerts.models import Alert, Delivery, Loop
from alerts.states import (
    NEEDS_REASON,
    SUCCEEDED,
    UNFINISHED,
    AlertState,
    AlertStatus,
    DeliveryState,
    LoopOutcome,
)
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.factories import an_alert
from tests.faults.consistency import status_of

pytestmark = pytest.mark.django_db

States = tuple[DeliveryState, ...]


NO_LOOP, UNDER_WAY, EXHAUSTED = None, "", LoopOutcome.EXHAUSTED
Life = tuple[AlertState, str | None, States, States]


def lives() -> Iterator[Life]:
    """Alert's states, whether people are asked, one or two deliveries in the first round, none or one in the second."""
    one = [(state,) for state in DeliveryState]
    first: list[States] = [*one, *combinations_with_replacement(DeliveryState, 2)]
    for state in AlertState:
        # People are asked only about what is open.
        for loop in (NO_LOOP, EXHAUSTED, *((UNDER_WAY,) if state is AlertState.OPEN else ())):
            yield from ((state, loop, each, ()) for each in first)
            yield from ((state, loop, each, later) for each, later in product(one, one))


def delivery(alert: Alert, number: int, position: int, state: DeliveryState) -> Delivery:
    finished = state not in UNFINISHED
    return Delivery(
        alert=alert,
        clinician_id=alert.clinician_id,
        priority=alert.priority,
        channel=Channel.SMS,
        address="+447700900001",
        round=number,
        position=position,
        state=state,
        reason="refused" if state in NEEDS_REASON else "",
        provider_id="given" if state in SUCCEEDED else "",
        finished_at=Now() if finished else None,
        lease_token="00000000-0000-0000-0000-000000000001" if state == DeliveryState.SENDING else None,
        lease_expires_at=Now() if state == DeliveryState.SENDING else None,
    )


@pytest.fixture
def expected(lab: ApiClient, clinician: Clinician) -> dict[str, str]:
    """An alert for each life, and the status that it should have, by its `message_id`."""
    made = list(lives())
    body = {**an_alert(), "client": lab, "clinician": clinician, "priority": Priority.LOW}
    alerts = Alert.objects.bulk_create(
        Alert(
            **{**body, "message_id": f"life-{number}", "state": state},
            has_loop=loop is not NO_LOOP,
        )
        for number, (state, loop, *_) in enumerate(made)
    )
    Loop.objects.bulk_create(
        Loop(
            alert=alert,
            plan={},
            outcome=loop,
            due_at=None if loop else Now(),
            ended_at=Now() if loop else None,
        )
        for alert, (_, loop, *_rounds) in zip(alerts, made, strict=True)
        if loop is not NO_LOOP
    )
    Delivery.objects.bulk_create(
        delivery(alert, number, position, state)
        for alert, (_state, _loop, *rounds) in zip(alerts, made, strict=True)
        for number, states in enumerate(rounds, 1)
        for position, state in enumerate(states, 1)
    )
    return {
        alert.message_id: status_of(
            state,
            [(n, each) for n, in_it in enumerate(rounds, 1) for each in in_it],
            is_asked=loop == UNDER_WAY,
        )
        for alert, (state, loop, *rounds) in zip(alerts, made, strict=True)
    }


def test_every_status_is_computed_kept_and_found_alike(expected: dict[str, str]) -> None:
    alerts: Any = Alert.objects.with_status()

    assert dict(alerts.values_list("message_id", "status")) == expected
    kept = dict(alerts.values_list("message_id", "failed"))
    assert kept == {message_id: status == AlertStatus.FAILED for message_id, status in expected.items()}
    for status in AlertStatus:
        found = alerts.having_status(status).values_list("message_id", "status")
        assert {each for _, each in found} <= {status}
        assert len(found) == alerts.filter(status=status).count()


@pytest.mark.parametrize("state", DeliveryState)
@pytest.mark.parametrize("before", DeliveryState)
def test_the_database_notes_whether_an_alert_has_failed(
    lab: ApiClient, clinician: Clinician, before: DeliveryState, state: DeliveryState
) -> None:
    body = {**an_alert(), "client": lab, "clinician": clinician, "priority": Priority.LOW}
    alert = Alert.objects.create(**body)
    Delivery.objects.bulk_create([delivery(alert, 1, 1, before)])
    as_after = vars(delivery(alert, 1, 1, state))
    written = {
        name: as_after[name] for name in ("state", "reason", "provider_id", "finished_at", "lease_token")
    }

    Delivery.objects.update(**written, lease_expires_at=as_after["lease_expires_at"])

    assert Alert.objects.get().failed == (Alert.objects.with_status().get().status == AlertStatus.FAILED)


@pytest.mark.parametrize("decided", AlertState)
def test_the_database_notes_what_staff_decide(
    lab: ApiClient, clinician: Clinician, decided: AlertState
) -> None:
    body = {**an_alert(), "client": lab, "clinician": clinician, "priority": Priority.LOW}
    alert = Alert.objects.create(**body)
    Delivery.objects.bulk_create([delivery(alert, 1, 1, DeliveryState.FAILED)])
    assert Alert.objects.get().failed

    Alert.objects.update(state=decided)

    assert Alert.objects.get().failed == (decided in (AlertState.OPEN, AlertState.CLOSED))


def test_to_take_and_send_an_alert_writes_nothing_more(lab: ApiClient, clinician: Clinician) -> None:
    body = {**an_alert(), "client": lab, "clinician": clinician, "priority": Priority.LOW}
    alert = Alert.objects.create(**body)
    row = "SELECT xmin, ctid FROM alerts_alert"
    with connection.cursor() as cursor:
        cursor.execute(row)
        before = cursor.fetchall()

        Delivery.objects.bulk_create([delivery(alert, 1, 1, DeliveryState.PENDING)])
        for state in (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.DELIVERED):
            written = vars(delivery(alert, 1, 1, state))
            names = ("state", "provider_id", "finished_at", "lease_token", "lease_expires_at")
            Delivery.objects.update(**{name: written[name] for name in names})

        cursor.execute(row)
        assert cursor.fetchall() == before


@pytest.mark.django_db(transaction=True)
def test_a_call_that_is_picked_up_while_the_next_round_fails_is_seen(
    lab: ApiClient, clinician: Clinician
) -> None:
    body = {**an_alert(), "client": lab, "clinician": clinician, "priority": Priority.LOW}
    alert = Alert.objects.create(**body)
    Delivery.objects.bulk_create(
        [delivery(alert, 1, 1, DeliveryState.SENT), delivery(alert, 2, 1, DeliveryState.PENDING)]
    )

    def is_picked_up() -> None:
        Delivery.objects.filter(round=1).update(state=DeliveryState.DELIVERED)
        connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            Alert.objects.select_for_update().get()
            failed = {"state": DeliveryState.FAILED, "reason": "refused", "finished_at": Now()}
            Delivery.objects.filter(round=2).update(**failed)
            picked_up = other.submit(is_picked_up)
            wait([picked_up], timeout=0.5)  # it waits for the lock, or would be done
        picked_up.result()

    assert not Alert.objects.get().failed
