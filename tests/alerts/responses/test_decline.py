"""Declining: what is still sent to the person, and who is asked next."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from alerts import responses
from alerts.channels import SendResult
from alerts.deliveries import lifecycle, outcomes
from alerts.deliveries.retry import NextChannel, Retry
from alerts.escalation import steps
from alerts.models import Delivery, Engagement
from alerts.states import (
    DeliveryState,
    Proof,
    Reason,
    ResponseKind,
)
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.escalation.factories import (
    Ask,
    answer,
    asked,
    let_time_run_out,
    refuse,
    waiting,
)
from tests.alerts.factories import REJECTED, THROTTLED, claim, resend

pytestmark = pytest.mark.django_db


def test_declining_asks_the_next_at_once(ask: Ask) -> None:
    alert = ask()
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert Delivery.objects.get(alert=alert).state == DeliveryState.CANCELLED
    steps.take_up_due()
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_late_no_does_not_skip_the_person_who_is_asked_meanwhile(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    answer(alert, "C-1", ResponseKind.DECLINE)
    assert steps.take_up_due() == 0
    assert asked(alert) == [("C-1", "declined"), ("C-2", "asked")]


def test_a_no_to_an_earlier_message_is_a_no_to_the_later_question(ask: Ask, colleague: Clinician) -> None:
    alert = ask(None, None, colleague)
    let_time_run_out(alert)
    first = Engagement.objects.get(alert=alert, number=1)
    responses.respond(first.pk, responses.Answer(ResponseKind.DECLINE, Proof.SMS, "reply-1"))
    steps.take_up_due()
    assert asked(alert) == [("C-1", "undefined"), ("C-1", "declined"), ("C-2", "asked")]


@pytest.mark.parametrize("follows", ["next channel", "retry", "ring again"])
def test_nothing_more_is_sent_to_somebody_who_has_declined(ask: Ask, follows: str) -> None:
    alert = ask()
    call = Delivery.objects.get(alert=alert)
    claimed = claim(call)
    if follows == "retry":
        answer(alert, "C-1", ResponseKind.DECLINE)
        lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta()))
    elif follows == "next channel":
        lifecycle.mark_sent(claimed, SendResult("contact-1"))
        answer(alert, "C-1", ResponseKind.DECLINE)
        outcomes.mark_undelivered(call.pk, Reason.NOT_ANSWERED)
    else:
        preferences.replace(alert.clinician, {Priority.HIGH: [Channel.CALL, Channel.SMS, Channel.CALL]})
        lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.NOT_ANSWERED))
        text = claim(Delivery.objects.get(alert=alert, channel=Channel.SMS))
        answer(alert, "C-1", ResponseKind.DECLINE)
        lifecycle.mark_sent(text, SendResult("sms-1"))
    assert waiting(alert) == []


def test_an_alert_sent_again_to_somebody_who_had_declined_takes_its_channels(ask: Ask) -> None:
    alert = ask(None)
    answer(alert, "C-1", ResponseKind.DECLINE)
    steps.take_up_due()
    refuse(resend(alert.pk, by=User.objects.create_user("olive")))
    assert waiting(alert) == [("C-1", "sms")]
