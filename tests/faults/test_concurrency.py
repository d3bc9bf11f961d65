"""Two actions at the same time, in real transactions: whichever comes first, the result is correct."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from alerts import actions
from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle, outcomes, stopping
from alerts.deliveries.claims import Claim
from alerts.deliveries.retry import SCHEDULES, NextChannel, Retry
from alerts.models import Alert, AlertAction, Delivery
from alerts.relay import due
from alerts.sending import send as sending
from alerts.states import AlertState, AttemptState, DeliveryState, Reason, StaffAction
from contacts.choices import Channel, Priority
from tests import locks
from tests.alerts.factories import handle
from tests.factories import an_alert, make_clinician
from tests.faults.conftest import let_leases_run_out
from tests.faults.consistency import flaws
from tests.processes import wait_until
from tests.sender import Sender

pytestmark = pytest.mark.django_db(transaction=True)

TIMES = 10
OVERTAKEN = "Something was done about it in the meantime."
LOST = ChannelError(Fault.UNKNOWN, Reason.ANSWER_LOST, "ReadTimeoutError")
REFUSED = ChannelError(Fault.REJECTED, Reason.REFUSED, "Refused")


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run all calls at the same time, each on its own connection. Returns their results."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        connection.ensure_connection()
        start.wait(10)
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def meanwhile(pool: ThreadPoolExecutor, call: Callable[[], object]) -> Future[object]:
    """Start a call that waits for a lock that this test holds. Returns once it waits."""

    def run() -> object:
        try:
            return call()
        finally:
            connections.close_all()

    begun = pool.submit(run)
    wait_until(lambda: begun.done() or locks.waiting(), what="it waits for the lock")
    return begun


def claimed(sender: Sender, priority: Priority = Priority.HIGH) -> Claim:
    """A new alert whose delivery a worker has claimed."""
    body = an_alert(message_id=uuid.uuid4().hex, priority=priority.value)
    assert sender.post(body).status_code == 202
    found = claims.claim(Delivery.objects.get(alert__message_id=body["message_id"]).pk)
    assert found is not None
    return found


@pytest.fixture(autouse=True)
def _clinician(db: None) -> None:
    make_clinician(
        "C-1",
        {
            Priority.HIGH: [Channel.SMS, Channel.EMAIL],
            Priority.MEDIUM: [Channel.SMS, Channel.EMAIL],
            Priority.LOW: [Channel.SMS],
        },
    )


def test_a_channel_that_fails_while_staff_cancel_opens_no_other(sender: Sender) -> None:
    held = claimed(sender)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            stopping.end(held.delivery.alert, AlertState.CANCELLED)
            failing = meanwhile(
                pool, lambda: lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.REFUSED))
            )
        failing.result(10)

    assert [each.state for each in Delivery.objects.all()] == [DeliveryState.FAILED]
    assert flaws() == []


def test_passing_over_and_cancelling_do_not_wait_for_each_other(sender: Sender) -> None:
    held = claimed(sender)
    lifecycle.mark_failed(held, REFUSED, Retry(timedelta(0)))
    alert = held.delivery.alert
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            type(alert).objects.select_for_update().get(pk=alert.pk)
            passing = meanwhile(pool, lambda: lifecycle.skip_channel(held.delivery.pk, Reason.PROVIDER_DOWN))
            stopping.end(alert, AlertState.CANCELLED)
        assert passing.result(10) is False

    assert [each.state for each in Delivery.objects.all()] == [DeliveryState.CANCELLED]


def test_a_pick_up_and_what_locks_the_alert_do_not_wait_for_each_other(sender: Sender) -> None:
    held = claimed(sender)
    lifecycle.mark_sent(held, SendResult("provider-1"))
    Alert.objects.update(failed=True)  # as if another round had failed: the pick-up ends that
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Alert.objects.select_for_update().get()
            picked_up = meanwhile(pool, lambda: outcomes.mark_delivered(held.delivery.pk))
            Delivery.objects.select_for_update(nowait=True).get()
        picked_up.result(10)

    assert Delivery.objects.get().state == DeliveryState.DELIVERED
    assert not Alert.objects.get().failed


def test_of_many_relays_one_recovers_a_dead_workers_delivery(sender: Sender) -> None:
    for _ in range(TIMES):
        claimed(sender)
    let_leases_run_out()

    recovered = at_once(*[sending.recover_expired] * 4)

    assert sum(map(int, map(str, recovered))) == TIMES
    assert flaws() == []


def test_a_relay_does_not_wait_for_another_that_recovers(sender: Sender) -> None:
    first = claimed(sender)
    let_leases_run_out()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(pk=first.delivery.pk)
        with ThreadPoolExecutor(1) as pool:
            assert meanwhile(pool, sending.recover_expired).result(10) == 0


@pytest.mark.parametrize("priority", Priority)
def test_an_answer_that_races_with_the_recovery_is_kept(priority: Priority, sender: Sender) -> None:
    for number in range(TIMES):
        held = claimed(sender, priority)
        let_leases_run_out()

        at_once(
            sending.recover_expired,
            lambda held=held, number=number: lifecycle.mark_sent(held, SendResult(f"provider-{number}")),  # type: ignore[misc]
        )

        ended = Delivery.objects.get(pk=held.delivery.pk)
        assert (ended.state, ended.provider_id) == (DeliveryState.SENT, f"provider-{number}")
        assert not ended.possible_duplicate
    assert flaws() == []


def test_a_failure_that_races_with_the_recovery_is_recorded_and_breaks_neither(sender: Sender) -> None:
    for _ in range(TIMES * 2):
        held = claimed(sender)
        let_leases_run_out()

        at_once(
            sending.recover_expired,
            lambda held=held: sending.settle(held, REFUSED),  # type: ignore[misc]
        )

        attempt = held.delivery.attempts.get()
        assert (attempt.state, attempt.code) == (AttemptState.REJECTED, "Refused")
    assert flaws() == []


def test_a_delivery_cancelled_while_it_is_claimed_ends_as_one_of_the_two(sender: Sender) -> None:
    for _ in range(TIMES):
        held = claimed(sender)
        lifecycle.mark_failed(held, REFUSED, Retry(timedelta(0)))

        taken, stopped = at_once(
            lambda held=held: claims.claim(held.delivery.pk),  # type: ignore[misc]
            lambda held=held: stopping.end(held.delivery.alert, AlertState.CANCELLED),  # type: ignore[misc]
        )

        assert (taken is None) == (stopped == 1)
    assert flaws() == []


def what_became(call: Callable[[], object]) -> Callable[[], object]:
    """The call, but a refusal is its result."""

    def done() -> object:
        try:
            return call()
        except actions.ActionRefused as refusal:
            return str(refusal)

    return done


def test_of_many_who_send_it_again_at_once_one_does(sender: Sender) -> None:
    operator = User.objects.create_user("operator")
    for number in range(TIMES):
        held = claimed(sender, Priority.LOW)
        lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.REFUSED))
        again = what_became(
            lambda pk=held.delivery.alert_id: handle(StaffAction.RESEND, pk, by=operator, after=0)  # type: ignore[misc]
        )

        got = at_once(*[again] * 4)

        assert sorted(each for each in got if isinstance(each, str)) == [OVERTAKEN] * 3
        assert AlertAction.objects.count() == number + 1
    assert flaws() == []


def test_it_is_sent_again_or_dealt_with_and_not_both(sender: Sender) -> None:
    operator = User.objects.create_user("operator")
    for _ in range(TIMES):
        held = claimed(sender, Priority.LOW)
        lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.REFUSED))
        pk = held.delivery.alert_id

        got = at_once(
            what_became(lambda pk=pk: handle(StaffAction.RESEND, pk, by=operator, after=0)),  # type: ignore[misc]
            what_became(lambda pk=pk: handle(StaffAction.CLOSE, pk, by=operator, after=0)),  # type: ignore[misc]
        )

        (arguments,) = (each for each in got if isinstance(each, str))
        states = list(Delivery.objects.filter(alert=pk).values_list("state", flat=True))
        assert (arguments, states) in [
            (OVERTAKEN, [DeliveryState.FAILED, DeliveryState.PENDING]),
            (OVERTAKEN, [DeliveryState.FAILED]),
        ]
    assert flaws() == []


def test_a_retry_that_waits_while_it_is_dealt_with_is_one_of_the_two(sender: Sender) -> None:
    operator = User.objects.create_user("operator")
    for _ in range(TIMES):
        held = claimed(sender)
        lifecycle.mark_failed(held, REFUSED, Retry(timedelta(0)))

        taken, _ = at_once(
            lambda held=held: claims.claim(held.delivery.pk),  # type: ignore[misc]
            lambda pk=held.delivery.alert_id: handle(StaffAction.CLOSE, pk, by=operator, after=0),  # type: ignore[misc]
        )

        held.delivery.refresh_from_db()
        assert (taken is None) == (held.delivery.state == DeliveryState.CANCELLED)
    assert flaws() == []


def test_a_channel_that_fails_while_staff_send_again_opens_no_other(sender: Sender) -> None:
    """The failure is settled first: the next channel is on its way, and the resend is refused."""
    operator = User.objects.create_user("operator")
    held = claimed(sender)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lifecycle.mark_failed(held, REFUSED, NextChannel(Reason.REFUSED))
            again = meanwhile(
                pool,
                what_became(lambda: handle(StaffAction.RESEND, held.delivery.alert_id, by=operator, after=0)),
            )
        assert again.result(10) == str(actions.ON_ITS_WAY)

    assert [each.channel for each in Delivery.objects.all()] == [Channel.SMS, Channel.EMAIL]
    assert flaws() == []


def test_a_late_refusal_does_not_go_back_to_a_channel_after_which_another_was_taken(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCHEDULES, Priority.HIGH, replace(SCHEDULES[Priority.HIGH], tries=1))
    held = claimed(sender)
    let_leases_run_out()
    sending.recover_expired()
    assert Delivery.objects.filter(channel=Channel.EMAIL, state=DeliveryState.PENDING).exists()

    sending.settle(held, ChannelError(Fault.THROTTLED, Reason.THROTTLED, "Throttling"))

    assert flaws() == []
    assert not Delivery.objects.filter(channel=Channel.SMS, state=DeliveryState.PENDING).exists()


def test_a_late_acceptance_ends_a_delivery_that_was_tried_since_and_the_mark_stays(sender: Sender) -> None:
    first = claimed(sender)
    second = None
    for _ in range(2):  # the first worker is silent, and then the second
        let_leases_run_out()
        sending.recover_expired()
        Delivery.objects.update(available_at=Now())
        second = claims.claim(first.delivery.pk)
    assert second is not None
    lifecycle.mark_failed(second, LOST, Retry(timedelta(0), possible_duplicate=True))

    lifecycle.mark_sent(first, SendResult("provider-1"))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.possible_duplicate) == (DeliveryState.SENT, True)
    assert [each.state for each in delivery.attempts.all()] == [
        AttemptState.SENT,
        AttemptState.UNKNOWN,
        AttemptState.UNKNOWN,
    ]


def test_a_late_acceptance_is_seen_by_a_failure_that_comes_while_it_is_being_written(sender: Sender) -> None:
    first = claimed(sender)
    let_leases_run_out()
    sending.recover_expired()
    Delivery.objects.update(available_at=Now())
    second = claims.claim(first.delivery.pk)
    assert second is not None

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lifecycle.mark_sent(first, SendResult("provider-1"))
            failing = meanwhile(pool, lambda: lifecycle.mark_failed(second, LOST, Retry(timedelta(0))))
            assert not failing.done()
        failing.result()

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.provider_id) == (DeliveryState.SENT, "provider-1")


def test_two_relays_take_nothing_twice(sender: Sender) -> None:
    for number in range(TIMES * 2):
        assert sender.post(an_alert(message_id=str(number), priority="H")).status_code == 202

    taken = at_once(*[lambda: due.take(Priority.HIGH, 500, which=due.InFlight(Priority.HIGH).free)] * 4)

    ids = [pk for each in taken if isinstance(each, list) for pk in each]
    assert len(ids) == len(set(ids)) == TIMES * 2
