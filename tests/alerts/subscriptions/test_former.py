"""An address that a clinician had is told that alerts go elsewhere now."""

import uuid
from collections.abc import Callable

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts import wording
from alerts.subscriptions import former, reconciling
from alerts.subscriptions.former import GIVEN_UP_AFTER
from alerts.subscriptions.reconciling import Reconciler
from contacts.choices import Channel, Priority
from contacts.models import Clinician, FormerAddress
from tests.aws import Aws
from tests.factories import make_clinician

pytestmark = pytest.mark.django_db

OLD, NEW, OTHER = "+447700900001", "+447700900002", "+447700900003"
LANDLINE = "+442079460000"
Run = Callable[[], None]


@pytest.fixture
def run(aws: Aws, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What a relay does now."""
    settings.TELL_FORMER_ADDRESSES = True
    monkeypatch.setattr(former, "PACE", dict.fromkeys(Channel, 0.0))
    return former.run


@pytest.fixture
def ann() -> Clinician:
    return make_clinician("C-1", {Priority.HIGH: [Channel.SMS]}, sms_number=OLD, call_number=OLD, email="")


def told(aws: Aws) -> list[tuple[str, str]]:
    """(channel, address) of all that was sent, which all says the same."""
    messages = aws.messages()
    sent = [each for each in messages if each["text"] == wording.FORMER]
    assert {each["channel"] for each in messages if each not in sent} <= {"email"}, (
        "the e-mails that ask to confirm"
    )
    return [(each["channel"], each["to"]) for each in sent]


def change(clinician: Clinician, **fields: object) -> None:
    for name, value in fields.items():
        setattr(clinician, name, value)
    clinician.save()


def test_the_old_number_is_told_once_by_sms(run: Run, ann: Clinician, aws: Aws) -> None:
    change(ann, sms_number=NEW, call_number=NEW)

    run()
    run()

    assert told(aws) == [("sms", OLD)]
    assert not FormerAddress.objects.exists()


def test_a_landline_is_called(run: Run, ann: Clinician, aws: Aws) -> None:
    change(ann, call_number=LANDLINE)
    change(ann, call_number=NEW)

    run()

    assert told(aws) == [("call", LANDLINE)]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Ann Oakes"},
        {"call_number": NEW},  # SMS still go to the old one
        {"sms_number": "", "active": False},
        {"email": "ann@ward.example"},
    ],
)
def test_nobody_is_told_of_a_change_that_leaves_their_address(
    run: Run, ann: Clinician, aws: Aws, fields: dict[str, object]
) -> None:
    change(ann, **fields)

    run()

    assert told(aws) == []


def test_it_does_not_matter_how_it_was_changed(run: Run, ann: Clinician, aws: Aws) -> None:
    Clinician.objects.filter(pk=ann.pk).update(sms_number=NEW, call_number=OTHER)

    run()

    assert told(aws) == [("sms", OLD)]


def test_it_is_tried_again_while_the_provider_is_away_and_given_up_after_a_day(
    run: Run, ann: Clinician, aws: Aws
) -> None:
    aws.misbehave("sns:Publish", "throttle", times=1)
    change(ann, sms_number="", call_number="")

    run()
    assert told(aws) == []
    FormerAddress.objects.update(next_try_at=Now())
    run()
    assert told(aws) == [("sms", OLD)]

    FormerAddress.objects.create(
        clinician=ann, channel=Channel.SMS, address=OTHER, since=Now() - GIVEN_UP_AFTER
    )
    run()
    assert told(aws) == [("sms", OLD)]
    assert not FormerAddress.objects.exists()


def test_an_email_address_is_told_before_its_topic_goes(
    run: Run, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciling, "REQUESTS_A_SECOND", 10_000.0)
    bob = Clinician.objects.create(contact_id="C-2", name="Bob", email=f"bob.{uuid.uuid4().hex}@ward.example")
    old = bob.email
    Reconciler().run()
    change(bob, email="bob.new@ward.example")

    Reconciler().run()

    assert told(aws) == [("email", old)]
    assert not FormerAddress.objects.exists()


def test_a_setting_turns_it_off(run: Run, settings: Settings, ann: Clinician, aws: Aws) -> None:
    settings.TELL_FORMER_ADDRESSES = False
    change(ann, sms_number=NEW, call_number=NEW)

    run()

    assert told(aws) == []
    assert not FormerAddress.objects.exists()
