"""The page on which staff have an e-mail address confirmed, and what a clinician's page says of it."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from contacts.models import Clinician, EmailSubscription
from staff.roles import Role
from tests.aws import Aws
from tests.staff.users import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(db: None) -> Client:
    """An editor's browser."""
    return browser_of(Role.PREFERENCE_EDITORS, "editor")


@pytest.fixture
def pending(clinician: Clinician) -> Clinician:
    """C-1, whom AWS has asked to confirm some time ago."""
    EmailSubscription.objects.update(
        state="pending", since="2026-11-28T14:03:00Z", asked_at=Now(), invited_at=Now() - timedelta(hours=1)
    )
    return clinician


def url(clinician: Clinician) -> str:
    return reverse("admin:contacts_clinician_confirmation", args=[clinician.pk])


def page(client: Client, clinician: Clinician) -> str:
    return client.get(reverse("admin:contacts_clinician_change", args=[clinician.pk])).content.decode()


def post(client: Client, clinician: Clinician, **data: str) -> str:
    answer = client.post(url(clinician), data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_clinicians_page_says_how_it_stands_since_when_and_what_to_do(
    editor: Client, operator: Client, pending: Clinician
) -> None:
    said = "The subscription waits for the person to confirm it (since 28 November 2026, 14:03). AWS last said so on"
    for client in (editor, operator):
        assert said in page(client, pending)

    assert url(pending) in page(editor, pending)
    assert url(pending) not in page(operator, pending)
    assert operator.get(url(pending)).status_code == 403


def test_the_confirmation_is_sent_again_but_not_twice_at_once(editor: Client, pending: Clinician) -> None:
    assert "within seconds" in post(editor, pending, action="again")
    assert EmailSubscription.objects.get().state == "wanted"
    assert "Had AWS send the e-mail confirmation again." in str(LogEntry.objects.get().get_change_message())

    assert "Nothing was sent" in post(editor, pending, action="again")


def test_a_confirmed_address_is_not_asked_again(editor: Client, clinician: Clinician) -> None:
    assert "Nothing was sent" in post(editor, clinician, action="again")
    assert EmailSubscription.objects.get().is_confirmed


def test_a_link_to_elsewhere_is_refused_with_a_sentence(editor: Client, pending: Clinician) -> None:
    assert "This is not the link" in post(
        editor, pending, action="link", link="https://evil.example/?Token=1"
    )
    assert EmailSubscription.objects.get().state == "pending"


def test_the_link_confirms_the_address(editor: Client, aws: Aws) -> None:
    ann = Clinician.objects.create(contact_id="C-2", name="Ann", email="page.link@ward.example")
    aws.misbehave("sns:Subscribe", "pending", times=1)
    aws.subscribe(ann)
    EmailSubscription.objects.update(state="pending")
    topic = EmailSubscription.objects.get().topic_arn
    link = (
        f"https://sns.eu-west-2.amazonaws.com/confirmation.html?TopicArn={topic}&Token={aws.token(ann.email)}"
    )

    assert "Only your AWS account can unsubscribe it." in post(editor, ann, action="link", link=link)
    assert EmailSubscription.objects.get().is_confirmed
