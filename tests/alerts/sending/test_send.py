"""Sending one delivery, against AWS's stand-in: what is recorded, whatever happens."""

import time
import uuid
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from django.db import connection
from django.db.utils import OperationalError
from pytest_django.fixtures import Settings

from alerts import intake, wording
from alerts.channels import ADAPTERS, Message
from alerts.deliveries import claims, lifecycle
from alerts.models import Attempt, Delivery
from alerts.sending import send as sending
from alerts.states import AttemptState, DeliveryState, Reason
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.aws import Aws
from tests.factories import an_alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def medium(lab: ApiClient, clinician: Clinician) -> Delivery:
    """An SMS that is due."""
    new = intake.NewAlert(**{**an_alert(), "priority": Priority.MEDIUM})
    return Delivery.objects.get(alert=intake.accept(client=lab, new=new).alert)


def test_a_sent_message_is_recorded_with_the_providers_id(medium: Delivery, aws: Aws) -> None:
    sending.deliver(medium.pk)

    medium.refresh_from_db()
    assert medium.state == DeliveryState.SENT
    assert medium.provider_id == aws.messages()[0]["provider_id"]


def test_an_sms_arrives_as_it_was_cut_and_counted(
    lab: ApiClient, clinician: Clinician, aws: Aws, settings: Settings
) -> None:
    settings.SMS_MAX_PARTS = 2
    new = intake.NewAlert(**{**an_alert(description="Blood " * 166), "priority": Priority.MEDIUM})
    sending.deliver(Delivery.objects.get(alert=intake.accept(client=lab, new=new).alert).pk)

    [message] = aws.messages()
    assert message["text"] == f"{'Blood ' * 48}Blood... 123456789"
    assert message["text"] == wording.sms(description=new.description, patient_id=new.patient_id).text


def test_an_email_arrives_whole_where_an_sms_would_be_cut(
    lab: ApiClient, clinician: Clinician, aws: Aws, settings: Settings
) -> None:
    settings.SMS_MAX_PARTS = 1
    new = intake.NewAlert(**{**an_alert(description="a" * 1000), "priority": Priority.LOW})
    sending.deliver(Delivery.objects.get(alert=intake.accept(client=lab, new=new).alert).pk)

    assert aws.messages()[0]["text"] == f"{'a' * 1000} 123456789"


def test_a_text_that_sns_would_refuse_arrives_where_it_may_be_cut(
    lab: ApiClient, clinician: Clinician, aws: Aws, settings: Settings
) -> None:
    settings.SMS_MAX_PARTS = 10
    new = intake.NewAlert(**{**an_alert(description="漢" * 1000), "priority": Priority.MEDIUM})
    sending.deliver(Delivery.objects.get(alert=intake.accept(client=lab, new=new).alert).pk)

    assert aws.messages()[0]["text"].endswith("漢… 123456789")


def test_the_attempt_is_on_disk_before_the_provider_is_called(
    medium: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def look(_message: Message) -> NoReturn:
        seen.extend(Attempt.objects.values_list("state", flat=True))
        raise RuntimeError

    monkeypatch.setitem(ADAPTERS, Channel.SMS, replace(ADAPTERS[Channel.SMS], send=look))
    sending.deliver(medium.pk)

    assert seen == [AttemptState.CALLING]


def test_a_fault_in_an_adapter_is_a_doubt_and_not_a_failure(
    medium: Delivery, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(message: Message) -> NoReturn:
        raise ValueError(message.address)

    monkeypatch.setitem(ADAPTERS, Channel.SMS, replace(ADAPTERS[Channel.SMS], send=broken))
    sending.deliver(medium.pk)

    medium.refresh_from_db()
    assert (medium.state, medium.reason) == (DeliveryState.UNKNOWN, Reason.ANSWER_LOST)
    assert Attempt.objects.get().code == "ValueError"
    assert any("channel.broken" in str(record.msg) for record in caplog.records)


def test_sending_twice_sends_once(medium: Delivery, aws: Aws) -> None:
    sending.deliver(medium.pk)
    sending.deliver(medium.pk)

    assert len(aws.messages()) == 1


def test_a_delivery_that_is_gone_is_nothing_to_do(aws: Aws) -> None:
    sending.deliver(uuid.uuid4())

    assert aws.messages() == []


def test_an_answer_is_kept_while_the_database_is_away_for_a_moment(
    medium: Delivery, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = [OperationalError(), OperationalError()]
    accept = lifecycle.mark_sent

    def accept_later(*given: Any) -> bool:
        if away:
            raise away.pop()
        return accept(*given)

    monkeypatch.setattr(lifecycle, "mark_sent", accept_later)
    monkeypatch.setattr(sending, "RECORD_PAUSE", 0.0)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own must stay open
    sending.deliver(medium.pk)

    medium.refresh_from_db()
    assert medium.state == DeliveryState.SENT


def test_an_answer_that_cannot_be_kept_is_an_error_and_not_a_silence(
    medium: Delivery, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_given: Any) -> NoReturn:
        raise OperationalError

    monkeypatch.setattr(lifecycle, "mark_sent", away)
    monkeypatch.setattr(sending, "RECORD_PAUSE", 0.0)
    monkeypatch.setattr(sending, "RECORD_SECONDS", 0.0)
    monkeypatch.setattr(connection, "close", lambda: None)

    with pytest.raises(OperationalError):
        sending.deliver(medium.pk)

    medium.refresh_from_db()
    assert medium.state == DeliveryState.SENDING


def test_a_worker_that_was_paused_right_after_its_claim_sends_nothing(
    medium: Delivery, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claims.claim

    def claim_and_pause(pk: uuid.UUID) -> claims.Claim | None:
        claimed = claim(pk)
        now = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: now() + 60)
        return claimed

    monkeypatch.setattr(claims, "claim", claim_and_pause)
    sending.deliver(medium.pk)

    medium.refresh_from_db()
    assert aws.messages() == []
    assert [attempt.reason for attempt in medium.attempts.all()] == [Reason.OUT_OF_TIME]
    assert medium.state == DeliveryState.PENDING
