"""Leases that run out, and the answers that come after."""

import pytest
from django.db.models.functions import Now

from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle
from alerts.models import Attempt, Delivery
from alerts.sending import send as sending
from alerts.states import (
    AttemptState,
    DeliveryState,
    Reason,
)
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import LOST, REJECTED, THROTTLED, claim, current, let_lease_run_out


@pytest.mark.django_db
def test_an_expired_lease_of_a_medium_message_leaves_it_in_doubt(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))
    let_lease_run_out(claimed.delivery)

    assert sending.recover_expired() == 1

    delivery = current(claimed.delivery)
    assert (delivery.state, delivery.reason) == (DeliveryState.UNKNOWN, Reason.WORKER_LOST)
    assert Attempt.objects.get().state == AttemptState.UNKNOWN


@pytest.mark.django_db
def test_an_expired_lease_of_a_call_is_tried_again(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    let_lease_run_out(claimed.delivery)

    sending.recover_expired()

    delivery = current(claimed.delivery)
    assert (delivery.state, delivery.possible_duplicate) == (DeliveryState.PENDING, False)


@pytest.mark.django_db
def test_a_lease_that_still_runs_is_left_alone(store: Store) -> None:
    claim(store(Priority.MEDIUM))

    assert sending.recover_expired() == 0


@pytest.mark.django_db
def test_a_late_acceptance_settles_a_doubt(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))
    let_lease_run_out(claimed.delivery)
    sending.recover_expired()

    assert not lifecycle.mark_sent(claimed, SendResult("provider-1"))

    delivery, attempt = current(claimed.delivery), Attempt.objects.get()
    assert (delivery.state, delivery.provider_id, delivery.reason) == (
        DeliveryState.SENT,
        "provider-1",
        "",
    )
    assert (attempt.state, attempt.late) == (AttemptState.SENT, True)


@pytest.mark.django_db
def test_a_late_acceptance_stops_the_resend_that_has_not_begun(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    let_lease_run_out(claimed.delivery)
    sending.recover_expired()

    lifecycle.mark_sent(claimed, SendResult("provider-1"))

    assert current(claimed.delivery).state == DeliveryState.SENT
    assert claims.claim(claimed.delivery.pk) is None


@pytest.mark.django_db
def test_a_late_acceptance_does_not_take_the_delivery_from_its_next_holder(store: Store) -> None:
    first = claim(store(Priority.HIGH))
    let_lease_run_out(first.delivery)
    sending.recover_expired()
    Delivery.objects.update(available_at=Now())
    second = claim(first.delivery)

    assert not lifecycle.mark_sent(first, SendResult("provider-1"))

    assert current(first.delivery).lease_token == second.token
    late, calling = Attempt.objects.all()
    assert (late.state, late.late, late.provider_id) == (AttemptState.SENT, True, "provider-1")
    assert calling.state == AttemptState.CALLING
    assert lifecycle.mark_sent(second, SendResult("provider-2"))


@pytest.mark.django_db
def test_a_late_refusal_settles_a_doubt_and_opens_the_next_channel(
    store: Store, clinician: Clinician
) -> None:
    preferences.replace(clinician, {Priority.MEDIUM: [Channel.SMS, Channel.EMAIL]})
    claimed = claim(store(Priority.MEDIUM))
    let_lease_run_out(claimed.delivery)
    sending.recover_expired()

    assert not sending.settle(claimed, REJECTED)

    assert (current(claimed.delivery).state, current(claimed.delivery).reason) == (
        "failed",
        "invalid_address",
    )
    assert Attempt.objects.get().late
    assert Delivery.objects.get(channel="email").state == DeliveryState.PENDING


@pytest.mark.django_db
def test_a_late_word_that_nothing_was_sent_has_it_tried_again(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))
    let_lease_run_out(claimed.delivery)
    sending.recover_expired()

    sending.settle(claimed, THROTTLED)

    assert (current(claimed.delivery).state, current(claimed.delivery).finished_at) == ("pending", None)


@pytest.mark.django_db
def test_a_late_lost_answer_leaves_the_doubt(store: Store) -> None:
    claimed = claim(store(Priority.MEDIUM))
    let_lease_run_out(claimed.delivery)
    sending.recover_expired()

    assert not sending.settle(claimed, LOST)

    assert current(claimed.delivery).state == DeliveryState.UNKNOWN
    attempt = Attempt.objects.get()
    assert (attempt.late, attempt.code) == (True, "ReadTimeoutError")
