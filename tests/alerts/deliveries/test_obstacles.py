"""What a provider says of an address is remembered with the failure, for every priority, until the address works."""

import pytest
from pytest_django import DjangoAssertNumQueries

from alerts import intake
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import lifecycle
from alerts.deliveries.retry import NextChannel
from alerts.models import Delivery
from alerts.sending import send as sending
from alerts.states import DeliveryState, Reason
from clients.models import ApiClient
from contacts import preferences
from contacts.choices import Channel, ObstacleKind, Priority
from contacts.models import Clinician, Obstacle
from tests.alerts.conftest import Store
from tests.alerts.factories import claim, let_lease_run_out
from tests.aws import Aws
from tests.factories import an_alert

pytestmark = pytest.mark.django_db

SMS, EMAIL = Channel.SMS, Channel.EMAIL
OPTED_OUT = "+447700900999"
"""The stand-in's sign for it."""


@pytest.fixture
def opted_out(clinician: Clinician) -> Clinician:
    """C-1 by SMS, then e-mail, at every priority; the number has opted out."""
    Clinician.objects.update(sms_number=OPTED_OUT)
    clinician.refresh_from_db()
    preferences.replace(clinician, {priority: [SMS, EMAIL] for priority in Priority})
    return clinician


def ends(delivery: Delivery) -> list[tuple[str, str, str]]:
    found = Delivery.objects.filter(alert=delivery.alert_id)
    return [(each.channel, each.state, each.reason) for each in found]


def finish(delivery: Delivery) -> None:
    """Send each channel that the alert opens."""
    for _ in range(3):
        for each in Delivery.objects.filter(alert=delivery.alert_id, state=DeliveryState.PENDING):
            sending.deliver(each.pk)


@pytest.mark.parametrize("priority", Priority)
def test_a_number_that_has_opted_out_is_found_out_whatever_the_priority(
    priority: Priority, store: Store, opted_out: Clinician, aws: Aws
) -> None:
    delivery = store(priority)
    finish(delivery)

    assert ends(delivery) == [("sms", "failed", "opted_out"), ("email", "sent", "")]
    known = Obstacle.objects.get()
    assert (known.channel, known.address, known.kind) == ("sms", OPTED_OUT, "opted_out")


@pytest.mark.parametrize("priority", Priority)
def test_the_next_alert_does_not_ask_again_and_goes_straight_to_what_works(
    priority: Priority, store: Store, opted_out: Clinician, aws: Aws
) -> None:
    finish(store(Priority.HIGH))

    delivery = store(priority)
    finish(delivery)

    assert ends(delivery) == [("email", "sent", "")]


def test_the_number_is_asked_about_where_nothing_else_is_left(
    store: Store, opted_out: Clinician, aws: Aws
) -> None:
    finish(store(Priority.HIGH))
    preferences.replace(opted_out, {Priority.MEDIUM: [SMS]})

    delivery = store(Priority.MEDIUM)
    finish(delivery)

    assert ends(delivery) == [("sms", "failed", "opted_out")]
    assert delivery.attempts.count() == 1


def test_the_last_channel_is_tried_when_the_others_have_failed(
    store: Store, opted_out: Clinician, aws: Aws
) -> None:
    finish(store(Priority.HIGH))
    aws.misbehave("sns:Publish", "reject", times=1)

    delivery = store(Priority.MEDIUM)
    finish(delivery)

    assert [(channel, state) for channel, state, _ in ends(delivery)] == [
        ("email", "failed"),
        ("sms", "failed"),
    ]


def test_a_number_that_takes_sms_again_is_forgotten(store: Store, clinician: Clinician, aws: Aws) -> None:
    Obstacle.objects.create(clinician=clinician, channel=SMS, address=clinician.sms_number, kind="opted_out")

    delivery = store(Priority.MEDIUM)
    finish(delivery)

    assert ends(delivery) == [("sms", "sent", "")]
    assert not Obstacle.objects.exists()


def test_an_obstacle_stays_where_sns_did_not_say_that_the_number_takes_sms(
    store: Store, clinician: Clinician, aws: Aws
) -> None:
    Obstacle.objects.create(
        clinician=clinician, channel=SMS, address=clinician.sms_number, kind="invalid_address"
    )
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "error", times=1)

    delivery = store(Priority.MEDIUM)
    finish(delivery)

    assert ends(delivery) == [("sms", "sent", "")]
    assert Obstacle.objects.exists()


def test_a_number_that_had_opted_out_is_not_called_sent_while_sns_does_not_answer(
    store: Store, clinician: Clinician, aws: Aws
) -> None:
    Obstacle.objects.create(clinician=clinician, channel=SMS, address=clinician.sms_number, kind="opted_out")
    aws.misbehave("sns:CheckIfPhoneNumberIsOptedOut", "error", times=1)

    delivery = store(Priority.MEDIUM)
    sending.deliver(delivery.pk)

    assert ends(delivery) == [("sms", "pending", "")]
    assert [each.reason for each in delivery.attempts.all()] == [Reason.UNREACHABLE]
    assert aws.messages() == []


@pytest.mark.parametrize("kind", lifecycle.OBSTACLES.values())
def test_each_kind_is_remembered_with_the_failure(
    store: Store, clinician: Clinician, kind: ObstacleKind
) -> None:
    reason = Reason(kind.value)
    delivery = store(Priority.HIGH)

    lifecycle.mark_failed(claim(delivery), ChannelError(Fault.REJECTED, reason), NextChannel(reason))

    known = Obstacle.objects.get()
    assert (known.clinician, known.channel, known.address) == (clinician, "call", delivery.address)
    assert known.kind == kind


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.REJECTED, Reason.INVALID_TEXT),
        (Fault.REJECTED, Reason.MISCONFIGURED),
        (Fault.UNSENT, Reason.UNREACHABLE),
        (Fault.UNKNOWN, Reason.ANSWER_LOST),
    ],
)
def test_a_failure_that_is_not_the_addresss_fault_makes_no_obstacle(
    store: Store, fault: Fault, reason: Reason
) -> None:
    lifecycle.mark_failed(claim(store(Priority.HIGH)), ChannelError(fault, reason), NextChannel(reason))

    assert not Obstacle.objects.exists()


def test_it_is_said_of_the_address_that_was_tried_and_not_of_a_newer_one(
    store: Store, clinician: Clinician
) -> None:
    claimed = claim(store(Priority.MEDIUM))
    Clinician.objects.update(sms_number="+447700900003")

    error = ChannelError(Fault.REJECTED, Reason.OPTED_OUT)
    lifecycle.mark_failed(claimed, error, NextChannel(Reason.OPTED_OUT))

    assert Obstacle.objects.get().address == "+447700900002"
    clinician.refresh_from_db()
    assert clinician.known_obstacles() == {}


def test_a_late_answer_counts_too(store: Store, clinician: Clinician) -> None:
    first, second = store(Priority.MEDIUM), store(Priority.MEDIUM)
    refused = claim(first)
    let_lease_run_out(first)
    sending.recover_expired()
    error = ChannelError(Fault.REJECTED, Reason.OPTED_OUT)
    assert not lifecycle.mark_failed(refused, error, NextChannel(Reason.OPTED_OUT))
    assert Obstacle.objects.exists()

    taken = claim(second)
    let_lease_run_out(second)
    sending.recover_expired()
    assert not lifecycle.mark_sent(taken, SendResult("m-1", address_works=True))
    assert not Obstacle.objects.exists()


def test_taking_an_alert_step_by_step_costs_no_statement_more(
    lab: ApiClient, clinician: Clinician, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    new = intake.NewAlert(**{**an_alert(), "priority": Priority.MEDIUM})

    # clinician, plan, preferences; savepoint, alert, delivery, release; and, prepared, whether it is a repeat
    with django_assert_num_queries(7):
        intake.accept(client=lab, new=new)
