"""Events of calls: a hint to ask about a call at once, and nothing else."""

import json
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts.channels import queues
from alerts.channels.queues import Received
from alerts.models import Alert, Delivery
from alerts.relay.queue_reader import QueueReader
from alerts.sending import call_events, outcomes, send
from alerts.states import DeliveryState
from config.database import Lock
from contacts.choices import Priority
from contacts.models import Clinician
from sandbox.queues import event_queue_url
from tests.alerts.escalation.factories import Ask, asked
from tests.aws import Aws

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters", "many_calls")]


def event(contact_id: object, kind: str = "DISCONNECTED") -> Received:
    body = json.dumps({"detail": {"contactId": contact_id, "eventType": kind}})
    return Received("m-1", body, "receipt", None)


def called(alert: Alert, contact_id: str, *, due: timedelta = timedelta(seconds=5)) -> Delivery:
    """A call that was taken four minutes ago, and is to be asked about in a while."""
    mine = Delivery.objects.filter(alert=alert)
    ago = Now() - timedelta(minutes=4)
    mine.update(
        state=DeliveryState.SENT,
        provider_id=contact_id,
        finished_at=ago,
        outcome_due_at=Now() + due,
        reason="",
    )
    return mine.get()


def due() -> list[str]:
    """The calls that a relay asks about now, in order."""
    return [Delivery.objects.get(pk=pk).provider_id for pk in outcomes.take_due(10)]


@pytest.mark.parametrize("kind", ["DISCONNECTED", "CONTACT_DATA_UPDATED"])
def test_a_call_is_asked_about_at_once(ask: Ask, kind: str) -> None:
    called(ask(), "c-1")
    assert due() == []

    assert call_events.take(event("c-1", kind), lambda: False)

    assert due() == ["c-1"]
    assert due() == [], "once"


@pytest.mark.parametrize(
    "received",
    [
        event("c-1", "INITIATED"),
        event("c-1", "CONNECTED_TO_SYSTEM"),
        event("c-2"),
        event(None),
        event(["c-1"]),
        event("c-1\0"),
        event("c-1" * 100),
        Received("m-1", "DISCONNECTED c-1", "receipt", None),
        Received("m-1", "[]", "receipt", None),
        Received("m-1", '{"detail": "DISCONNECTED"}', "receipt", None),
    ],
)
def test_an_event_that_tells_nothing_changes_nothing_and_is_not_read_again(
    ask: Ask, received: Received
) -> None:
    called(ask(), "c-1")
    assert call_events.take(received, lambda: False)
    assert due() == []


def test_a_call_about_which_all_is_known_is_not_asked_about(ask: Ask) -> None:
    called(ask(), "c-1")
    Delivery.objects.update(outcome_due_at=None)
    call_events.take(event("c-1"), lambda: False)
    assert due() == []


def test_a_call_of_which_an_event_tells_goes_before_those_that_are_longer_due(
    ask: Ask, clinician: Clinician
) -> None:
    for number in range(3):
        called(ask(), f"c-{number}", due=-timedelta(minutes=3 - number))
    call_events.take(event("c-2"), lambda: False)
    assert due() == ["c-2", "c-0", "c-1"]


def test_a_key_pressed_at_the_stand_in_is_known_without_waiting(
    ask: Ask, aws: Aws, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the telephone through EventBridge's queue to the answer."""
    settings.CONNECT_EVENT_QUEUE_URL = event_queue_url(aws.url)
    monkeypatch.setattr(queues, "WAIT_SECONDS", 0)
    alert = ask()
    send.deliver(Delivery.objects.get(alert=alert).pk)
    call = Delivery.objects.get(alert=alert)
    answered: Any = {"number": call.address, "keys": "11"}
    assert requests.post(f"{aws.url}/handset/answer", json=answered, timeout=5).ok
    assert outcomes.take_due(10) == [], "not for five seconds"

    looks = iter([False, True])
    reader = QueueReader(
        "call_events", settings.CONNECT_EVENT_QUEUE_URL, call_events.take, lock=Lock.CALL_EVENTS
    )
    reader.run(lambda: next(looks))

    [pk] = outcomes.take_due(10)
    outcomes.ask(pk)
    assert asked(alert) == [("C-1", "accepted")]
    assert alert.priority == Priority.HIGH
