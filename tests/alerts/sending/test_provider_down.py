"""A provider that is down: who waits, who takes another channel, and how it ends."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.db.models.functions import Now
from pytest_django import DjangoCaptureOnCommitCallbacks

from alerts.deliveries import claims, lifecycle, stopping
from alerts.deliveries.retry import SCHEDULES
from alerts.models import Alert, Attempt, Delivery
from alerts.sending import breaker, send as sending
from alerts.states import AlertState, AttemptState, DeliveryState, Reason
from contacts import preferences
from contacts.choices import Channel, Priority
from contacts.models import Clinician
from tests import locks
from tests.alerts.attempt_outcomes import LOST, SENT, Record, let_pass
from tests.alerts.conftest import Store
from tests.alerts.factories import current
from tests.aws import Aws
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_counters")]

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW


def test_high_takes_its_next_channel_at_once(record: Record, store: Store, aws: Aws) -> None:
    record(Channel.CALL, *[LOST] * 5, ago=10)
    call = store(H)

    sending.deliver(call.pk)

    passed_over, sms = Delivery.objects.filter(alert=call.alert).order_by("created_at")
    assert (passed_over.state, passed_over.reason) == (DeliveryState.FAILED, Reason.PROVIDER_DOWN)
    assert (passed_over.attempt_count, aws.messages()) == (0, [])
    assert (sms.channel, sms.state) == (Channel.SMS, DeliveryState.PENDING)
    sending.deliver(sms.pk)
    assert [each["channel"] for each in aws.messages()] == ["sms"]


def test_high_is_risked_as_a_probe_only_when_nobody_has_probed_for_long(
    record: Record, store: Store, aws: Aws
) -> None:
    record(Channel.CALL, *[LOST] * 5, ago=breaker.RARE_PROBE.total_seconds() + 1)
    first, second = store(H), store(H)

    sending.deliver(first.pk)

    assert [each["channel"] for each in aws.messages()] == ["call"]
    assert not breaker.is_down(Channel.CALL), "its success ends the outage"
    sending.deliver(second.pk)
    assert [each["channel"] for each in aws.messages()] == ["call", "call"]


def test_high_without_another_channel_waits_for_a_probe(
    record: Record, store: Store, clinician: Clinician, aws: Aws
) -> None:
    preferences.replace(clinician, {H: [Channel.CALL]})
    record(Channel.CALL, *[LOST] * 5, ago=1)
    only = store(H, handed_over_at=Now())

    sending.deliver(only.pk)

    waiting = current(only)
    assert (waiting.state, waiting.attempt_count, waiting.handed_over_at) == (DeliveryState.PENDING, 0, None)
    assert timedelta(0) < waiting.available_at - waiting.created_at < timedelta(seconds=10)
    assert Delivery.objects.filter(alert=only.alert).count() == 1

    let_pass(breaker.PROBE_EVERY)
    Delivery.objects.filter(pk=only.pk).update(available_at=Now())
    sending.deliver(only.pk)
    assert len(aws.messages()) == 1


@pytest.mark.parametrize("priority", [M, L])
def test_the_others_wait_without_spending_attempts_though_they_have_another_channel(
    record: Record, store: Store, clinician: Clinician, aws: Aws, priority: Priority
) -> None:
    preferences.replace(clinician, {priority: [Channel.SMS, Channel.EMAIL]})
    record(Channel.SMS, *[LOST] * 5, ago=1)
    waiting = store(priority)

    sending.deliver(waiting.pk)

    assert (current(waiting).state, current(waiting).attempt_count) == (DeliveryState.PENDING, 0)
    assert current(waiting).available_at > waiting.available_at + breaker.PROBE_EVERY / 2
    assert Delivery.objects.filter(alert=waiting.alert).count() == 1
    assert aws.messages() == []


@pytest.mark.parametrize("priority", [M, L])
def test_a_delivery_older_than_its_schedule_moves_to_its_next_channel(
    record: Record, store: Store, clinician: Clinician, priority: Priority
) -> None:
    preferences.replace(clinician, {priority: [Channel.SMS, Channel.EMAIL]})
    record(Channel.SMS, *[LOST] * 5, ago=1)
    waiting = store(priority, created_at=Now() - SCHEDULES[priority].age - timedelta(seconds=1))

    sending.deliver(waiting.pk)

    assert (current(waiting).state, current(waiting).reason) == (DeliveryState.FAILED, Reason.PROVIDER_DOWN)
    assert Delivery.objects.filter(alert=waiting.alert, channel=Channel.EMAIL).count() == 1


@pytest.mark.parametrize("priority", Priority)
def test_a_delivery_older_than_its_schedule_with_no_other_channel_fails(
    record: Record,
    store: Store,
    clinician: Clinician,
    priority: Priority,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    preferences.replace(clinician, {priority: [Channel.SMS]})
    age = SCHEDULES[priority].age + timedelta(seconds=1)
    record(Channel.SMS, LOST, ago=age.total_seconds())
    record(Channel.SMS, *[LOST] * 5, ago=1)
    waiting = store(priority, created_at=Now() - age)

    with django_capture_on_commit_callbacks(execute=True):
        sending.deliver(waiting.pk)

    assert (current(waiting).state, current(waiting).reason) == (DeliveryState.FAILED, Reason.PROVIDER_DOWN)
    assert current(waiting).attempt_count == 0
    assert any("alert.failed" in str(record.msg) for record in caplog.records)


@pytest.mark.parametrize("priority", Priority)
@pytest.mark.parametrize("before", [(), (LOST, SENT)], ids=["no outage", "another outage"])
def test_a_delivery_that_waited_for_another_reason_survives_a_short_outage(
    record: Record,
    store: Store,
    clinician: Clinician,
    priority: Priority,
    before: tuple[tuple[str, str], ...],
) -> None:
    preferences.replace(clinician, {priority: [Channel.SMS]})
    age = SCHEDULES[priority].age + timedelta(seconds=1)
    record(Channel.SMS, *before, ago=age.total_seconds())
    record(Channel.SMS, *[LOST] * 5, ago=1)
    waiting = store(priority, created_at=Now() - age)

    sending.deliver(waiting.pk)

    assert (current(waiting).state, current(waiting).attempt_count) == (DeliveryState.PENDING, 0)


def test_the_first_success_closes_it(record: Record, store: Store, aws: Aws) -> None:
    record(Channel.SMS, *[LOST] * 9, ago=breaker.PROBE_EVERY.total_seconds())
    probe, next_one = store(M), store(M)

    sending.deliver(probe.pk)
    sending.deliver(next_one.pk)

    assert not breaker.is_down(Channel.SMS)
    assert len(aws.messages()) == 2


def test_a_probe_that_fails_keeps_it_open(record: Record, store: Store, aws: Aws) -> None:
    aws.misbehave("sns:Publish", "error")
    record(Channel.SMS, *[LOST] * 5, ago=breaker.PROBE_EVERY.total_seconds())
    probe, next_one = store(M), store(M)

    sending.deliver(probe.pk)
    sending.deliver(next_one.pk)

    assert current(probe).attempt_count == 1
    assert current(next_one).attempt_count == 0


def test_real_failures_open_it_for_one_channel_and_not_for_another(store: Store, aws: Aws) -> None:
    aws.misbehave("sns:Publish", "error", times=5)
    for _ in range(6):
        sending.deliver(store(M).pk)
    sending.deliver(store(H).pk)

    states = Attempt.objects.filter(delivery__channel=Channel.SMS).values_list("state", flat=True)
    assert list(states) == [AttemptState.UNKNOWN] * 5
    assert [each["channel"] for each in aws.messages()] == ["call"]


@pytest.mark.django_db(transaction=True)
def test_of_twenty_that_come_at_once_one_probes(record: Record, store: Store) -> None:
    record(Channel.SMS, *[LOST] * 5, ago=breaker.PROBE_EVERY.total_seconds())
    waiting = [store(M) for _ in range(20)]

    def probe(delivery: Delivery) -> bool:
        # Each thread has a connection of its own, as each process has.
        claimed = breaker.claim_as_probe(delivery)
        connections.close_all()
        return claimed is not None

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(probe, waiting)) == [False] * 19 + [True]


def test_a_delivery_that_somebody_else_has_is_not_probed_with(record: Record, store: Store) -> None:
    record(Channel.SMS, *[LOST] * 5, ago=breaker.PROBE_EVERY.total_seconds())
    taken = store(M)
    Delivery.objects.filter(pk=taken.pk).update(available_at=Now() + timedelta(minutes=1))

    assert breaker.claim_as_probe(taken) is None
    assert Attempt.objects.filter(delivery=taken).count() == 0


@pytest.mark.parametrize("state", ["acknowledged", "cancelled", "closed"])
def test_an_alert_that_is_dealt_with_is_not_passed_on(store: Store, state: str) -> None:
    delivery = store(H)
    Alert.objects.update(state=state)

    assert not lifecycle.skip_channel(delivery.pk, Reason.PROVIDER_DOWN)
    assert current(delivery).state == DeliveryState.PENDING
    assert Delivery.objects.count() == 1


def test_a_delivery_being_sent_is_not_moved_to_another_channel(store: Store) -> None:
    delivery = store(H)
    claims.claim(delivery.pk)

    assert not lifecycle.skip_channel(delivery.pk, Reason.PROVIDER_DOWN)
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_passing_over_and_cancelling_at_once_do_not_wait_for_each_other(store: Store) -> None:
    delivery = store(H)

    def skip_channel(_: Any) -> bool:
        try:
            return lifecycle.skip_channel(delivery.pk, Reason.PROVIDER_DOWN)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Alert.objects.select_for_update().get(pk=delivery.alert_id)
            passing = pool.submit(skip_channel, None)
            wait_until(locks.waiting, what="passing over waits for the alert")
            stopped = stopping.end(delivery.alert, AlertState.CANCELLED)
        assert (stopped, passing.result()) == (1, False)


@pytest.mark.django_db(transaction=True)
def test_an_own_failure_is_noticed_though_others_looked_while_it_was_recorded(
    record: Record, store: Store, aws: Aws
) -> None:
    record(Channel.SMS, *[LOST] * 4)
    aws.misbehave("sns:Publish", "error_after")
    delivery = store(M, channel=Channel.SMS)

    def send() -> None:
        try:
            sending.deliver(delivery.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Alert.objects.select_for_update().get(pk=delivery.alert_id)
            failing = pool.submit(send)
            wait_until(locks.waiting, what="the failure waits to be recorded")
            assert not breaker.is_down(Channel.SMS)
        failing.result()

    assert breaker.is_down(Channel.SMS)
