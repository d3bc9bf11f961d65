"""The life of a subscription, from saving an address to the day on which nobody has it any more."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from threading import Thread
from typing import Any

import boto3
import pytest
from django.db import connection
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from alerts.channels import sns_subscription
from alerts.channels.base import recipient
from alerts.subscriptions import reconciling
from alerts.subscriptions.reconciling import Reconciler
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician, EmailSubscription
from contacts.subscriptions import notes
from tests.aws import Aws

pytestmark = pytest.mark.django_db

Run = Callable[[], None]


@pytest.fixture
def run(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Do what is due now, as a relay does."""
    monkeypatch.setattr(reconciling, "REQUESTS_A_SECOND", 10_000.0)
    return Reconciler().run


@pytest.fixture
def ann(aws: Aws) -> Clinician:
    """A clinician who was saved just now, with an address of this test alone: the stand-in forgets none."""
    address = f"Ann.{uuid.uuid4().hex}@ward.example"
    made = Clinician.objects.create(contact_id="C-1", name="Ann", email=address)
    preferences.replace(made, {Priority.LOW: [Channel.EMAIL]})
    return made


def only() -> EmailSubscription:
    return EmailSubscription.objects.get()


def due_now(**fields: Any) -> None:
    EmailSubscription.objects.update(next_look_at=Now(), **fields)


def topics() -> set[str]:
    return {each["TopicArn"] for each in boto3.client("sns").list_topics()["Topics"]}


def leave(row: EmailSubscription) -> None:
    """The person follows the link at the end of an e-mail."""
    boto3.client("sns").unsubscribe(SubscriptionArn=row.subscription_arn)


def test_a_new_address_is_asked_and_waits_until_its_owner_confirms(
    run: Run, ann: Clinician, aws: Aws
) -> None:
    aws.misbehave("sns:Subscribe", "pending", times=1)

    run()

    row = only()
    assert (row.clinician_id, row.address, row.state) == (ann.pk, ann.email.lower(), "pending")
    assert row.asked_at
    assert row.invited_at
    assert row.set_up_with == "none"
    assert row.next_look_at
    assert row.next_look_at - row.asked_at == notes.SOONEST

    boto3.client("sns").confirm_subscription(TopicArn=row.topic_arn, Token=aws.token(row.address))
    due_now()
    run()

    confirmed = only()
    assert (confirmed.state, confirmed.only_account_unsubscribes) == ("confirmed", False)
    assert confirmed.since > row.since
    assert confirmed.next_look_at
    assert confirmed.asked_at
    assert timedelta(minutes=45) <= confirmed.next_look_at - confirmed.asked_at <= timedelta(hours=1)


def test_it_is_asked_less_and_less_often(run: Run, ann: Clinician, aws: Aws) -> None:
    aws.misbehave("sns:Subscribe", "pending", times=1)
    run()

    waits = []
    for hours in (0.1, 1, 40):
        due_now(invited_at=Now() - timedelta(hours=hours))
        run()
        row = only()
        assert row.next_look_at
        assert row.asked_at
        waits.append(round((row.next_look_at - row.asked_at).total_seconds()))

    assert waits == [36, 360, 3600]


def test_a_changed_address_takes_the_old_subscription_and_its_topic_away(run: Run, ann: Clinician) -> None:
    run()
    old = only()

    Clinician.objects.filter(pk=ann.pk).update(email="new@ward.example")
    run()

    assert (only().address, only().state) == ("new@ward.example", "confirmed")
    assert old.topic_arn not in topics()


def test_letter_case_makes_no_other_address(run: Run, ann: Clinician) -> None:
    run()
    before = only()

    Clinician.objects.filter(pk=ann.pk).update(email=ann.email.swapcase())
    run()

    assert only().subscription_arn == before.subscription_arn


@pytest.mark.parametrize("asked", [False, True])
def test_a_deleted_clinicians_topic_goes(run: Run, ann: Clinician, aws: Aws, asked: bool) -> None:
    if asked:
        run()
    begins = sns_subscription.make_topic(recipient(ann.pk), ann.email) if asked else "nothing"
    ann.delete()

    run()

    assert not EmailSubscription.objects.exists()
    assert begins not in topics()


def test_an_address_that_is_entered_again_before_it_is_taken_away_is_kept(run: Run, ann: Clinician) -> None:
    run()
    Clinician.objects.filter(pk=ann.pk).update(email="")
    assert only().state == "unwanted"

    Clinician.objects.filter(pk=ann.pk).update(email=ann.email)
    run()

    assert only().state == "confirmed"


def test_somebody_inactive_is_not_asked_and_somebody_who_leaves_for_a_while_keeps_it(
    run: Run, ann: Clinician
) -> None:
    before = topics()
    Clinician.objects.update(active=False)
    run()
    assert only().state == "wanted"
    assert topics() == before, "AWS was asked for nothing"

    Clinician.objects.update(active=True)
    run()
    Clinician.objects.update(active=False)
    run()

    assert only().state == "confirmed"


def test_who_unsubscribes_is_noticed_at_the_next_look_and_not_asked_again(run: Run, ann: Clinician) -> None:
    run()
    leave(only())

    due_now()
    run()

    assert (only().state, only().next_look_at) == ("gone", None)


def test_an_unconfirmed_subscription_lapses_and_staff_have_it_sent_again(
    run: Run, ann: Clinician, aws: Aws
) -> None:
    aws.misbehave("sns:Subscribe", "pending", times=1)
    run()
    boto3.client("sns").delete_topic(TopicArn=only().topic_arn)
    due_now()
    run()
    assert only().state == "lapsed"

    assert not notes.want_again(only())  # it was sent a moment ago
    EmailSubscription.objects.update(invited_at=Now() - timedelta(days=2))
    assert notes.want_again(only())
    for _ in range(2):  # the topic is gone, too: it is made again
        due_now()
        run()

    assert only().state == "confirmed"


def test_aws_suspends_by_having_the_person_confirm_once_more(run: Run, ann: Clinician, aws: Aws) -> None:
    aws.misbehave("sns:Subscribe", "pending", times=1)
    run()
    EmailSubscription.objects.update(state="confirmed")

    due_now()
    run()

    assert only().state == "suspended"


def test_a_topic_from_before_is_encrypted_at_its_next_look(
    run: Run, ann: Clinician, settings: Settings
) -> None:
    run()
    settings.EMAIL_TOPIC_KMS_KEY = "alias/bleep-messaging"

    due_now()
    run()

    told = boto3.client("sns").get_topic_attributes(TopicArn=only().topic_arn)["Attributes"]
    assert told["KmsMasterKeyId"] == only().set_up_with == "alias/bleep-messaging"


def test_aws_away_changes_nothing_but_the_time_of_the_next_try(
    run: Run, ann: Clinician, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    aws.misbehave("sns:*", "error")
    reconciler = Reconciler()

    for _ in range(3):
        due_now()
        reconciler._pause._until = 0.0  # noqa: SLF001 - some time goes by
        reconciler.run()

    assert only().state == "wanted"
    events = [record.msg["event"] for record in caplog.records if isinstance(record.msg, dict)]
    assert events.count("subscriptions.aws_away") == 1
    assert reconciler._pause.seconds == 4 * reconciling.AWAY_SECONDS  # noqa: SLF001

    aws.clear()
    due_now()
    reconciler.run()
    assert only().state == "wanted"  # it waits
    reconciler._pause._until = 0.0  # noqa: SLF001
    reconciler.run()
    assert only().state == "confirmed"


def test_an_address_that_aws_refuses_is_not_asked_again(run: Run, ann: Clinician, aws: Aws) -> None:
    aws.misbehave("sns:Subscribe", "reject", code="InvalidParameter")

    run()

    assert (only().state, only().next_look_at) == ("refused", None)


@pytest.mark.django_db(transaction=True)
def test_two_relays_do_not_both_subscribe(ann: Clinician, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    subscribe = sns_subscription.subscribe

    def noted(topic: str, address: str) -> str:
        asked.append(address)
        return subscribe(topic, address)

    monkeypatch.setattr(sns_subscription, "subscribe", noted)

    def relay() -> None:
        Reconciler().run()
        connection.close()

    relays = [Thread(target=relay) for _ in range(4)]
    for each in relays:
        each.start()
    for each in relays:
        each.join()

    assert asked == [ann.email.lower()]
