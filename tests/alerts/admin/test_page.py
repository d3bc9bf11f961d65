"""The page of an alert: its timeline, for users who may see it."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from alerts import labels
from alerts.admin.timeline import events, standing
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, outcomes
from alerts.deliveries.retry import LeaveInDoubt, NextChannel, Retry
from alerts.escalation import withdrawal
from alerts.models import Alert, Delivery
from alerts.states import AlertStatus, Reason, StaffAction
from clients.models import ApiClient
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.admin.pages import page_of, read, store
from tests.alerts.factories import handle
from tests.factories import an_alert

pytestmark = pytest.mark.django_db


def test_the_page_says_in_plain_words_what_went_wrong_and_what_to_do(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert str(labels.REASON[Reason.INVALID_ADDRESS]) in page
    assert "InvalidParameter" in page
    assert "Received from Lab system" in page
    assert "Nobody is known to have been reached." in page


def test_addresses_are_for_those_who_may_see_clinicians(staff: Client, failed: Alert) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_alert"))
    reader = Client()
    reader.force_login(user)

    may, may_not = read(staff, page_of(failed)), read(reader, page_of(failed))

    assert "E-mail to clinician@ward.example" in may
    assert "E-mail to c***@ward.example" in may_not
    assert "clinician@ward.example" not in may_not
    assert reverse("admin:contacts_clinician_change", args=[failed.clinician_id]) not in may_not


def test_it_says_that_the_hospital_system_withdrew_it(staff: Client, failed: Alert, lab: ApiClient) -> None:
    withdrawal.withdraw(client=lab, message_id=failed.message_id)

    assert "Withdrawn by Lab system" in read(staff, page_of(failed))


def test_the_heading_has_the_alerts_own_name(staff: Client, failed: Alert) -> None:
    page = read(staff, page_of(failed))

    assert ">failed-1<" in page
    assert "Failed-1" not in page


@pytest.mark.parametrize("view", ["add", "delete", "change"])
def test_nothing_can_be_added_changed_or_deleted(staff: Client, failed: Alert, view: str) -> None:
    arguments = [] if view == "add" else [failed.pk]

    answer = staff.post(
        reverse(f"admin:alerts_alert_{view}", args=arguments), {"post": "yes", "description": "x"}
    )

    assert answer.status_code == 403
    assert Alert.objects.get().description == an_alert()["description"]


LOST = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
UNSENT = ChannelError(Fault.UNSENT, Reason.UNREACHABLE, "EndpointConnectionError")


@pytest.fixture
def urgent(lab: ApiClient, clinician: Clinician) -> Alert:
    """An alert whose call goes out at once."""
    return store(lab, "urgent-1", Priority.HIGH)


def claim(alert: Alert, channel: Channel = Channel.CALL) -> claims.Claim:
    claimed = claims.claim(Delivery.objects.get(alert=alert, channel=channel).pk)
    assert claimed is not None
    return claimed


def test_an_alert_sent_while_it_was_cancelled_is_not_shown_as_unsent(staff: Client, urgent: Alert) -> None:
    claimed = claim(urgent)
    handle(StaffAction.CANCEL, urgent.pk, by=User.objects.get(), after=0)
    meanwhile = read(staff, page_of(urgent))
    lifecycle.mark_sent(claimed, SendResult("contact-1"))
    after = read(staff, page_of(urgent))

    assert standing.CANCELLED_TOO_LATE[AlertStatus.QUEUED] in meanwhile
    assert standing.CANCELLED_TOO_LATE[AlertStatus.SENT] in after
    assert "before it was sent" not in meanwhile + after


def test_an_alert_cancelled_before_any_attempt_is_shown_as_unsent(staff: Client, urgent: Alert) -> None:
    handle(StaffAction.CANCEL, urgent.pk, by=User.objects.get(), after=0)

    assert standing.STOPPED_UNSENT in read(staff, page_of(urgent))


def test_an_undelivered_alert_that_is_cancelled_is_not_shown_as_unsent(staff: Client, urgent: Alert) -> None:
    lifecycle.mark_sent(claim(urgent), SendResult("contact-1"))
    outcomes.mark_undelivered(urgent.deliveries.get().pk, Reason.NOT_ANSWERED)
    handle(StaffAction.CANCEL, urgent.pk, by=User.objects.get(), after=0)

    page = read(staff, page_of(urgent))

    assert standing.SUMMARY[AlertStatus.CANCELLED] in page
    assert standing.STOPPED_UNSENT not in page


def test_a_cancelled_alert_that_may_have_arrived_is_shown_in_doubt_and_not_as_sent_twice(
    staff: Client, urgent: Alert
) -> None:
    retry = Retry(timedelta(0), possible_duplicate=True)
    lifecycle.mark_failed(claim(urgent), LOST, retry)
    handle(StaffAction.CANCEL, urgent.pk, by=User.objects.get(), after=0)

    page = read(staff, page_of(urgent))

    assert standing.IN_DOUBT[AlertStatus.CANCELLED] in page
    assert events.ASK_THEM in page
    assert events.MAYBE_TWICE not in page
    assert "before it was sent" not in page


def test_an_alert_sent_again_in_doubt_is_shown_as_a_possible_duplicate(staff: Client, urgent: Alert) -> None:
    retry = Retry(timedelta(0), possible_duplicate=True)
    lifecycle.mark_failed(claim(urgent), LOST, retry)
    assert events.MAYBE_TWICE not in read(staff, page_of(urgent))
    lifecycle.mark_failed(claim(urgent), UNSENT, retry)
    assert events.MAYBE_TWICE not in read(staff, page_of(urgent))

    lifecycle.mark_sent(claim(urgent), SendResult("contact-1"))

    assert events.MAYBE_TWICE in read(staff, page_of(urgent))


def test_another_channel_after_a_doubt_is_shown_as_a_possible_duplicate(staff: Client, urgent: Alert) -> None:
    lifecycle.mark_failed(claim(urgent), LOST, NextChannel(Reason.ANSWER_LOST, in_doubt=True))
    assert events.MAYBE_TWICE not in read(staff, page_of(urgent))

    lifecycle.mark_sent(claim(urgent, Channel.SMS), SendResult("m-1"))

    assert events.MAYBE_TWICE in read(staff, page_of(urgent))


def test_an_alert_dealt_with_while_it_is_sent_may_still_arrive(staff: Client, urgent: Alert) -> None:
    claim(urgent)
    handle(StaffAction.CLOSE, urgent.pk, by=User.objects.get(), after=0)

    assert standing.DEALT_WITH_TOO_LATE in read(staff, page_of(urgent))


def test_after_a_lost_answer_staff_are_asked_once_to_ask_the_person(
    staff: Client, lab: ApiClient, clinician: Clinician
) -> None:
    alert = store(lab, "lost-1", Priority.MEDIUM)
    lost = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
    lifecycle.mark_failed(claim(alert, Channel.SMS), lost, LeaveInDoubt(Reason.ANSWER_LOST))

    page = read(staff, page_of(alert))

    assert standing.IN_DOUBT[AlertStatus.FAILED] in page
    assert str(labels.REASON[Reason.ANSWER_LOST]) not in page


def sms_of(lab: ApiClient, description: str) -> Alert:
    return store(lab, "sms-1", Priority.MEDIUM, description=description)


@pytest.mark.parametrize(("length", "said"), [(150, ""), (151, "2 SMS parts."), (1000, "7 SMS parts.")])
def test_the_page_says_how_many_parts_an_sms_takes_where_that_is_not_one(
    staff: Client, lab: ApiClient, clinician: Clinician, length: int, said: str
) -> None:
    page = read(staff, page_of(sms_of(lab, "a" * length)))

    assert re.findall(r"<p>(\d+ SMS part.*?)</p>", page) == ([said] if said else [])


@pytest.mark.parametrize(("most", "parts"), [(1, "1 SMS part"), (3, "3 SMS parts")])
def test_the_page_says_that_an_sms_was_cut_and_shows_the_whole_text(
    staff: Client, lab: ApiClient, clinician: Clinician, settings: Settings, most: int, parts: str
) -> None:
    settings.SMS_MAX_PARTS = most

    page = read(staff, page_of(sms_of(lab, "a" * 1000)))

    assert f"<p>{parts}: {events.CUT}</p>" in page
    assert "a" * 1000 in page


def test_a_call_has_no_parts(staff: Client, lab: ApiClient, clinician: Clinician, settings: Settings) -> None:
    settings.SMS_MAX_PARTS = 1

    page = read(staff, page_of(store(lab, "call-1", Priority.HIGH, description="a" * 1000)))

    assert "SMS part" not in page
