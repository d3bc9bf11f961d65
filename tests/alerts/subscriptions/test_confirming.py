"""Confirming with the link: only that of this very address is taken, and nobody opens it."""

import pytest

from alerts.channels import sns_subscription
from alerts.subscriptions import confirming
from alerts.subscriptions.confirming import NotConfirmed, confirm
from contacts.choices import Answer
from contacts.models import Clinician, EmailSubscription
from tests.aws import Aws

pytestmark = pytest.mark.django_db

HOST = "https://sns.eu-west-2.amazonaws.com/confirmation.html"
ADDRESS = "confirms.with.the.link@ward.example"


@pytest.fixture
def pending(aws: Aws) -> EmailSubscription:
    """A subscription that waits for its owner."""
    clinician = Clinician.objects.create(contact_id="C-1", name="Ann", email=ADDRESS)
    aws.misbehave("sns:Subscribe", "pending", times=1)
    aws.subscribe(clinician)
    EmailSubscription.objects.update(state="pending")
    return EmailSubscription.objects.get()


def link(row: EmailSubscription, aws: Aws, *, host: str = HOST, topic: str = "") -> str:
    return f"{host}?TopicArn={topic or row.topic_arn}&Token={aws.token(ADDRESS)}&Endpoint={ADDRESS}"


def test_it_is_confirmed_so_that_only_the_account_can_unsubscribe(
    pending: EmailSubscription, aws: Aws
) -> None:
    confirm(pending, f"  {link(pending, aws)}\n")

    pending.refresh_from_db()
    assert pending.is_confirmed
    seen = sns_subscription.look(pending.subscription_arn)
    assert (seen.answer, seen.only_account_unsubscribes) == (Answer.CONFIRMED, True)


@pytest.mark.parametrize(
    "host",
    [
        "http://sns.eu-west-2.amazonaws.com/confirmation.html",
        "https://sns.eu-west-2.amazonaws.com.evil.example/confirmation.html",
        "https://sns.us-east-1.amazonaws.com/confirmation.html",
        "https://evil.example@sns.eu-west-2.amazonaws.com/",
        "https://sns.eu-west-2.amazonaws.com:8443/",
        "https://[sns/",
        "",
    ],
)
def test_a_link_to_another_host_is_refused(pending: EmailSubscription, aws: Aws, host: str) -> None:
    with pytest.raises(NotConfirmed, match="not the link"):
        confirm(pending, link(pending, aws, host=host))

    assert sns_subscription.look(pending.subscription_arn).answer is Answer.PENDING


def test_a_link_about_another_topic_is_refused(pending: EmailSubscription, aws: Aws) -> None:
    with pytest.raises(NotConfirmed, match="not the link"):
        confirm(pending, link(pending, aws, topic=f"{pending.topic_arn}0"))

    assert sns_subscription.look(pending.subscription_arn).answer is Answer.PENDING


@pytest.mark.parametrize("kind", ["reject", "error"])
def test_a_link_that_aws_does_not_take_confirms_nothing(
    pending: EmailSubscription, aws: Aws, kind: str
) -> None:
    aws.misbehave("sns:ConfirmSubscription", kind)

    with pytest.raises(NotConfirmed) as caught:
        confirm(pending, link(pending, aws))

    assert str(caught.value) == (confirming.REFUSED if kind == "reject" else confirming.AWAY)
    pending.refresh_from_db()
    assert pending.state == "pending"


def test_there_is_no_link_before_aws_was_asked() -> None:
    with pytest.raises(NotConfirmed, match="not sent"):
        confirm(None, HOST)
