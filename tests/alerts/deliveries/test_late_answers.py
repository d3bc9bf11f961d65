"""An answer that comes after the lease: what it settles, and what it must leave marked."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts import intake
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.models import Delivery
from alerts.sending import send as sending
from alerts.states import DeliveryState, Reason
from clients.models import ApiClient
from contacts.models import Clinician
from tests.factories import an_alert

LOST = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")


def claim(delivery: Delivery) -> claims.Claim:
    """The claim, which must succeed, of a delivery that is made due."""
    Delivery.objects.filter(pk=delivery.pk).update(available_at=Now())
    claimed = claims.claim(delivery.pk)
    assert claimed is not None
    return claimed


def let_lease_run_out(delivery: Delivery) -> None:
    """The worker is silent for longer than the lease, and a relay notices."""
    Delivery.objects.filter(pk=delivery.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    assert sending.recover_expired() == 1


@pytest.fixture
def sms(lab: ApiClient, clinician: Clinician) -> Delivery:
    """A High SMS."""
    Clinician.objects.update(call_number="")
    accepted = intake.accept(client=lab, new=intake.NewAlert(**{**an_alert(), "priority": "H"}))
    return accepted.alert.deliveries.get()


@pytest.mark.django_db
def test_the_mark_goes_when_nothing_else_was_sent(sms: Delivery) -> None:
    claimed = claim(sms)
    let_lease_run_out(sms)

    lifecycle.mark_sent(claimed, SendResult("provider-1"))

    sms.refresh_from_db()
    assert (sms.state, sms.possible_duplicate) == (DeliveryState.SENT, False)


@pytest.mark.django_db
def test_the_mark_stays_when_an_earlier_answer_was_lost(sms: Delivery) -> None:
    sending.settle(claim(sms), LOST)
    second = claim(sms)
    let_lease_run_out(sms)

    lifecycle.mark_sent(second, SendResult("provider-2"))

    sms.refresh_from_db()
    assert (sms.state, sms.possible_duplicate) == (DeliveryState.SENT, True)


@pytest.mark.django_db
def test_the_mark_stays_when_two_late_answers_say_sent(sms: Delivery) -> None:
    first = claim(sms)
    let_lease_run_out(sms)
    second = claim(sms)
    lifecycle.mark_sent(first, SendResult("provider-1"))
    let_lease_run_out(sms)

    lifecycle.mark_sent(second, SendResult("provider-2"))

    sms.refresh_from_db()
    assert (sms.state, sms.provider_id, sms.possible_duplicate) == (
        DeliveryState.SENT,
        "provider-1",
        True,
    )


REFUSED = ChannelError(Fault.REJECTED, Reason.INVALID_ADDRESS, "InvalidParameter")
THROTTLED = ChannelError(Fault.THROTTLED, Reason.THROTTLED, "Throttling")


def two_at_once(delivery: Delivery) -> tuple[claims.Claim, claims.Claim]:
    """The claim of a worker that was paused beyond its lease, and that of the one that came after it."""
    first = claim(delivery)
    let_lease_run_out(delivery)
    return first, claim(delivery)


@pytest.mark.django_db
@pytest.mark.parametrize("error", [LOST, REFUSED, THROTTLED], ids=["lost", "refused", "throttled"])
def test_a_late_acceptance_holds_whatever_becomes_of_the_attempt_after_it(
    error: ChannelError, sms: Delivery
) -> None:
    first, second = two_at_once(sms)
    lifecycle.mark_sent(first, SendResult("provider-1"))

    assert sending.settle(second, error)

    sms.refresh_from_db()
    assert (sms.state, sms.provider_id, sms.reason) == (DeliveryState.SENT, "provider-1", "")
    assert sms.possible_duplicate
    assert list(sms.alert.deliveries.all()) == [sms]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [LOST, REFUSED, THROTTLED], ids=["lost", "refused", "throttled"])
def test_a_late_acceptance_settles_what_the_attempt_after_it_has_left_open(
    error: ChannelError, sms: Delivery
) -> None:
    first, second = two_at_once(sms)
    sending.settle(second, error)

    lifecycle.mark_sent(first, SendResult("provider-1"))

    sms.refresh_from_db()
    assert (sms.state, sms.provider_id) == (DeliveryState.SENT, "provider-1")
    assert sms.possible_duplicate == (error is LOST)
