"""Claiming and finishing: what each does to the ledger."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now

from alerts import intake, labels
from alerts.channels import SendResult
from alerts.deliveries import claims, lifecycle, queries, stopping
from alerts.deliveries.retry import NextChannel, Retry
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import send as sending
from alerts.states import (
    DELIVERY_TRANSITIONS,
    AlertState,
    AttemptState,
    DeliveryState,
    Reason,
)
from clients.models import ApiClient
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests.alerts.conftest import Store
from tests.alerts.factories import LOST, REJECTED, THROTTLED, claim, current
from tests.factories import an_alert
from tests.round_trips import round_trips


@pytest.mark.django_db
def test_a_claim_writes_the_attempt_before_anything_is_called(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    assert claimed.delivery.state == DeliveryState.SENDING
    attempt = Attempt.objects.get()
    assert (attempt.number, attempt.state, attempt.delivery_id) == (
        1,
        AttemptState.CALLING,
        claimed.delivery.pk,
    )


@pytest.mark.django_db
def test_a_delivery_is_claimed_once(store: Store) -> None:
    delivery = store(Priority.HIGH)
    claim(delivery)

    assert claims.claim(delivery.pk) is None
    assert Attempt.objects.count() == 1


@pytest.mark.django_db
def test_a_delivery_is_not_claimed_before_its_time(store: Store) -> None:
    delivery = store(Priority.HIGH)
    Delivery.objects.update(available_at=Now() + timedelta(seconds=5))

    assert claims.claim(delivery.pk) is None


@pytest.mark.django_db
def test_a_delivery_that_is_not_there_is_not_claimed(db: None) -> None:
    assert claims.claim(uuid.uuid4()) is None


@pytest.mark.django_db(transaction=True)
def test_of_ten_workers_at_once_one_gets_the_claim(store: Store) -> None:
    delivery = store(Priority.HIGH)

    def try_to_claim(_number: int) -> bool:
        won = claims.claim(delivery.pk) is not None
        connections.close_all()
        return won

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(try_to_claim, range(10))) == [False] * 9 + [True]


@pytest.mark.django_db
def test_a_success_ends_the_delivery(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    assert lifecycle.mark_sent(claimed, SendResult("provider-1"))

    delivery = current(claimed.delivery)
    assert (delivery.state, delivery.provider_id) == (DeliveryState.SENT, "provider-1")
    attempt = Attempt.objects.get()
    assert (attempt.state, attempt.provider_id, attempt.late) == (AttemptState.SENT, "provider-1", False)


@pytest.mark.django_db
def test_a_retry_puts_the_delivery_back_with_a_time(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    Delivery.objects.update(handed_over_at=Now())

    lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta(minutes=1)))

    delivery = current(claimed.delivery)
    assert (delivery.state, delivery.handed_over_at) == (DeliveryState.PENDING, None)
    assert delivery.available_at - delivery.created_at > timedelta(seconds=59)
    assert Attempt.objects.get().state == AttemptState.THROTTLED


@pytest.mark.django_db
def test_the_second_attempt_has_the_next_number_and_the_mark_of_a_possible_duplicate_stays(
    store: Store,
) -> None:
    claimed = claim(store(Priority.HIGH))
    lifecycle.mark_failed(claimed, LOST, Retry(timedelta(0), possible_duplicate=True))
    again = claim(claimed.delivery)

    lifecycle.mark_failed(again, THROTTLED, Retry(timedelta(0)))

    assert [attempt.number for attempt in Attempt.objects.all()] == [1, 2]
    assert current(claimed.delivery).possible_duplicate


@pytest.mark.django_db
def test_a_failed_channel_opens_the_next_one_of_the_route(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    failed, following = Delivery.objects.order_by("created_at")
    assert (failed.state, failed.reason) == (DeliveryState.FAILED, Reason.INVALID_ADDRESS)
    assert (following.channel, following.state) == (Channel.SMS, DeliveryState.PENDING)


@pytest.mark.django_db
def test_the_next_channel_is_that_of_the_route_as_it_is_now(store: Store, clinician: Clinician) -> None:
    claimed = claim(store(Priority.HIGH))
    preferences.replace(clinician, {Priority.HIGH: [Channel.EMAIL, Channel.CALL]})

    lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    assert [each.channel for each in Delivery.objects.order_by("created_at")] == [Channel.CALL, Channel.EMAIL]


@pytest.mark.django_db
def test_an_alert_fails_when_its_last_channel_does(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    claimed = claim(store(Priority.LOW))

    with transaction.atomic():
        lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    assert Alert.objects.with_status().get().status == "failed"
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_failed_alert_is_logged_for_operators(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    claimed = claim(store(Priority.LOW))

    lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    assert any("alert.failed" in str(record.msg) for record in caplog.records)


@pytest.mark.django_db
def test_a_cancelled_alert_opens_no_next_channel(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    stopping.end(claimed.delivery.alert, AlertState.CANCELLED)

    lifecycle.mark_failed(claimed, REJECTED, NextChannel(Reason.INVALID_ADDRESS))

    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_cancelling_stops_what_waits_and_cannot_be_done_twice(store: Store) -> None:
    delivery = store(Priority.HIGH)

    assert stopping.end(delivery.alert, AlertState.CANCELLED) == 1
    assert stopping.end(delivery.alert, AlertState.CANCELLED) == 0
    assert current(delivery).state == DeliveryState.CANCELLED
    assert claims.claim(delivery.pk) is None


@pytest.mark.django_db
def test_throttled_attempts_are_not_counted_as_tries(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta(0)))
    claimed = claim(claimed.delivery)

    assert queries.history(claimed.delivery).tries == 1


@pytest.mark.django_db
def test_waiting_before_the_first_try_does_not_use_up_a_deliverys_time(store: Store) -> None:
    delivery = store(Priority.HIGH)
    long_ago = Now() - timedelta(hours=1)
    Delivery.objects.update(created_at=long_ago, available_at=long_ago)
    claimed = claim(delivery)

    sending.settle(claimed, THROTTLED)

    assert current(delivery).state == DeliveryState.PENDING


@pytest.mark.django_db
def test_a_channel_in_doubt_is_followed_by_one_that_is_marked(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))

    lifecycle.mark_failed(claimed, LOST, NextChannel(Reason.TRIES_USED_UP, in_doubt=True))

    call, sms = Delivery.objects.order_by("created_at")
    assert (call.state, call.possible_duplicate) == (DeliveryState.UNKNOWN, False)
    assert (sms.channel, sms.possible_duplicate) == (Channel.SMS, True)


@pytest.mark.django_db
def test_the_mark_is_handed_on_from_channel_to_channel(store: Store, clinician: Clinician) -> None:
    preferences.replace(clinician, {Priority.HIGH: [Channel.CALL, Channel.SMS, Channel.EMAIL]})
    lifecycle.mark_failed(claim(store(Priority.HIGH)), LOST, NextChannel(Reason.TRIES_USED_UP, in_doubt=True))

    lifecycle.mark_failed(
        claim(Delivery.objects.get(channel="sms")), REJECTED, NextChannel(Reason.INVALID_ADDRESS)
    )

    assert Delivery.objects.get(channel="email").possible_duplicate


@pytest.mark.django_db
def test_a_medium_call_that_was_in_doubt_and_is_then_refused_stays_in_doubt(
    store: Store, clinician: Clinician
) -> None:
    preferences.replace(clinician, {Priority.MEDIUM: [Channel.CALL, Channel.SMS]})
    delivery = store(Priority.MEDIUM)
    sending.settle(claim(delivery), LOST)
    Delivery.objects.update(available_at=Now())

    sending.settle(claim(delivery), REJECTED)

    assert Delivery.objects.get().state == DeliveryState.UNKNOWN


@pytest.mark.django_db
def test_a_retry_that_staff_have_stopped_is_not_made(store: Store) -> None:
    claimed = claim(store(Priority.HIGH))
    stopping.end(claimed.delivery.alert, AlertState.CANCELLED)

    lifecycle.mark_failed(claimed, THROTTLED, Retry(timedelta(0)))

    assert current(claimed.delivery).state == DeliveryState.CANCELLED
    assert claims.claim(claimed.delivery.pk) is None


@pytest.mark.django_db
def test_taking_an_alert_step_by_step_costs_few_queries_and_waking_the_relays_comes_last(
    lab: ApiClient, clinician: Clinician, django_capture_on_commit_callbacks: Any
) -> None:
    new = intake.NewAlert(**{**an_alert(), "priority": Priority.HIGH})

    Alert.objects.of_message("another")  # which prepares the look for a repeat

    with (
        round_trips() as found,
        django_capture_on_commit_callbacks(execute=True) as afterwards,
    ):
        intake.accept(client=lab, new=new)

    assert len(afterwards) == 1
    statements = [each for each in found if each not in ("SAVEPOINT", "RELEASE")]
    # whether it is a repeat; clinician, plan, preferences; alert, delivery
    assert statements == ["prepared", "SELECT", "SELECT", "SELECT", "INSERT", "INSERT", "NOTIFY"]


def test_every_state_has_its_meaning_and_its_ways_out() -> None:
    assert set(labels.DELIVERY) == set(DELIVERY_TRANSITIONS) == set(DeliveryState)
    assert set(labels.ATTEMPT) == set(AttemptState)
    assert set(labels.REASON) == set(Reason)
