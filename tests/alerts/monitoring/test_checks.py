"""The watchdog: each thing that it looks at, found when it is so, and not found when it is not."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts.channels import ChannelError, Fault, SendResult
from alerts.deliveries import claims, lifecycle
from alerts.deliveries.retry import SCHEDULES, NextChannel, Retry
from alerts.escalation import ending, steps
from alerts.models import Alert, Attempt, Delivery, Loop, RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.monitoring import checks, metrics, report
from alerts.sending import clock
from alerts.states import AlertState, DeliveryState, Reason
from contacts.choices import Priority
from tests.alerts.conftest import Store
from tests.alerts.escalation.factories import Ask, answer, let_time_run_out

pytestmark = pytest.mark.django_db

H, M, L = Priority.HIGH, Priority.MEDIUM, Priority.LOW
SECOND = timedelta(seconds=1)
DUE = {H: "oldest_due_seconds_high", M: "oldest_due_seconds_medium", L: "oldest_due_seconds_low"}
REFUSED = ChannelError(Fault.REJECTED, Reason.REFUSED)
THROTTLED = ChannelError(Fault.THROTTLED, Reason.THROTTLED)


@pytest.fixture(autouse=True)
def a_relay(db: None) -> None:
    """A relay was at work just now."""
    RelayHeartbeat.objects.create(relay="ward:1")


def wrong() -> list[str]:
    """The findings that are over their limit."""
    return [finding.name for finding in report.findings() if not finding.ok]


def long_ago(priority: Priority) -> Any:
    """Just longer than a delivery of the priority may wait."""
    return Now() - checks.OBJECTIVE[priority] - SECOND


def test_all_is_well_with_nothing_to_do() -> None:
    assert wrong() == []


@pytest.mark.parametrize("priority", Priority)
def test_a_delivery_may_wait_for_its_objective(store: Store, priority: Priority) -> None:
    just_in_time = Now() - checks.OBJECTIVE[priority] + timedelta(seconds=20)
    store(priority, available_at=just_in_time, created_at=just_in_time)

    assert wrong() == []


@pytest.mark.parametrize("priority", Priority)
def test_one_that_waits_longer_is_found(store: Store, priority: Priority) -> None:
    store(priority)
    store(priority, available_at=long_ago(priority), created_at=long_ago(priority))

    assert wrong() == [DUE[priority]]


@pytest.mark.parametrize("priority", Priority)
def test_putting_a_delivery_off_again_and_again_does_not_hide_it(store: Store, priority: Priority) -> None:
    delivery = store(priority, created_at=long_ago(priority))

    claims.postpone(delivery.pk, timedelta(minutes=1))

    assert wrong() == [DUE[priority]]


@pytest.mark.parametrize("priority", Priority)
def test_one_that_was_tried_a_moment_ago_is_on_its_way(store: Store, priority: Priority) -> None:
    delivery = store(priority, created_at=Now() - timedelta(days=1))
    claimed = claims.claim(delivery.pk)
    assert claimed
    lifecycle.mark_failed(claimed, THROTTLED, Retry(SCHEDULES[priority].longest))

    assert wrong() == []

    Attempt.objects.update(finished_at=long_ago(priority))
    assert wrong() == [DUE[priority]]


def test_a_backlog_that_was_never_tried_is_not_looked_up_among_the_attempts(store: Store) -> None:
    store(L)
    with CaptureQueriesContext(connection) as captured:
        checks.waiting_seconds()

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE) " + captured[0]["sql"])
        plan = [line for (line,) in cursor.fetchall()]
    assert any("never executed" in line and "alerts_attempt" in line for line in plan), plan


@pytest.mark.parametrize("state", ["sending", "sent", "failed", "cancelled"])
def test_a_delivery_that_is_not_waiting_is_not_late(store: Store, state: str) -> None:
    lease = {"lease_token": uuid.uuid4(), "lease_expires_at": Now() + timedelta(minutes=1)}
    ended = {"finished_at": Now(), "reason": Reason.REFUSED, "provider_id": "p"}
    more: dict[str, Any] = lease if state == "sending" else ended
    store(H, state=state, available_at=long_ago(H), created_at=long_ago(H), **more)

    assert wrong() == []


def test_a_lease_that_nobody_recovers_is_found(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    Delivery.objects.update(lease_expires_at=Now() - checks.LEASE_OVERRUN + timedelta(seconds=20))
    assert wrong() == []

    Delivery.objects.update(lease_expires_at=Now() - checks.LEASE_OVERRUN - SECOND)
    assert wrong() == ["expired_leases"]


def test_an_alert_without_a_delivery_is_found(store: Store) -> None:
    store(H)
    Delivery.objects.all().delete()

    assert wrong() == ["alerts_without_delivery"]


AHEAD = Now() + clock.TOLERANCE + SECOND


def test_rows_from_the_future_are_found(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    store(L, handed_over_at=Now() + clock.TOLERANCE)
    Alert.objects.update(created_at=Now() + clock.TOLERANCE)
    Attempt.objects.update(started_at=Now() + clock.TOLERANCE)
    assert wrong() == [], "the statement that looks may have begun before"

    Alert.objects.update(created_at=AHEAD)
    assert wrong() == ["rows_from_the_future"]


def test_attempts_from_the_future_are_found(store: Store) -> None:
    assert claims.claim(store(H).pk)

    Attempt.objects.update(started_at=AHEAD)

    assert wrong() == ["rows_from_the_future"]


def test_deliveries_handed_over_in_the_future_are_found(store: Store) -> None:
    store(H, handed_over_at=AHEAD)

    assert wrong() == ["rows_from_the_future"]


def test_what_waits_for_a_retry_is_not_from_the_future(store: Store) -> None:
    store(L, available_at=Now() + timedelta(minutes=10))

    assert wrong() == []


def test_the_past_is_not_read_for_rows_from_the_future(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "COUNTED", 2)
    one = store(L)
    fields = {name: getattr(one, name) for name in ("clinician_id", "priority")}
    Alert.objects.bulk_create(
        Alert(**fields, is_test=True, message_id=str(number), type="t", patient_id="p", description="d")
        for number in range(3000)
    )
    Attempt.objects.bulk_create(
        Attempt(delivery=one, channel="sms", number=number, state="sent", provider_id="p", finished_at=Now())
        for number in range(3000)
    )
    with CaptureQueriesContext(connection) as captured:
        assert checks._rows_from_the_future()[0].value == 0  # noqa: SLF001 - what it costs shows nowhere else

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE alerts_alert, alerts_attempt, alerts_delivery")
        cursor.execute("EXPLAIN " + captured[0]["sql"])
        plan = str(cursor.fetchall())
    assert "alert_newest" in plan
    assert "attempt_newest_of_channel" in plan
    Alert.objects.update(created_at=AHEAD)
    assert checks._rows_from_the_future()[0].value == 2, "and no further than it matters"  # noqa: SLF001


def test_it_is_found_for_a_while_that_a_relay_sent_what_no_worker_took() -> None:
    RelayHeartbeat.objects.update(sent_itself_at=Now() - checks.SENT_INSTEAD_FOR - SECOND)
    assert wrong() == []

    RelayHeartbeat.objects.update(sent_itself_at=Now() - checks.SENT_INSTEAD_FOR + timedelta(seconds=20))
    assert wrong() == ["relays_send_themselves"]


@pytest.mark.django_db(transaction=True)
def test_relays_that_cannot_report_are_not_blamed_for_a_full_disk() -> None:
    RelayHeartbeat.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON alerts_writeprobe EXECUTE FUNCTION refuse()"
        )
        try:
            found = {each.name: each.sentence for each in report.findings()}
        finally:
            cursor.execute("DROP FUNCTION refuse() CASCADE")

    assert found["relays_silent"].startswith("The database's disk is full. So no relay can send or report")


def test_a_silent_relay_is_found() -> None:
    RelayHeartbeat.objects.update(beat_at=F("beat_at") - timedelta(seconds=20))

    assert wrong() == ["relays_silent"]


def test_one_relay_that_speaks_is_enough() -> None:
    RelayHeartbeat.objects.create(relay="ward:2", beat_at=Now() - timedelta(minutes=5))

    assert wrong() == []


@pytest.fixture
def settled() -> None:
    """The relay has been at work for a while, and so have workers of both kinds."""
    RelayHeartbeat.objects.update(started_at=Now() - WorkerHeartbeat.FRESH - SECOND)
    for kind in WorkerKind:
        WorkerHeartbeat.objects.create(worker=f"{kind.value}@ward", kind=kind)


@pytest.mark.parametrize("seconds", [30, 90, 119, 121])
def test_workers_that_hang_are_reported_without_a_gap(settled: None, seconds: int) -> None:
    WorkerHeartbeat.objects.update(beat_at=Now() - seconds * SECOND)
    RelayHeartbeat.objects.update(
        sent_itself_at=Now() - (seconds - 5) * SECOND
    )  # 5 s after the worker's last beat

    assert wrong()


@pytest.mark.parametrize("ahead", [1, -1], ids=["ahead", "behind"])
@pytest.mark.parametrize("process", [RelayHeartbeat, WorkerHeartbeat])
def test_a_host_whose_clock_is_off_is_found(
    settled: None, process: type[RelayHeartbeat | WorkerHeartbeat], ahead: int
) -> None:
    process.objects.update(clock_offset_seconds=1.9 * ahead)
    assert wrong() == []

    process.objects.update(clock_offset_seconds=2.1 * ahead)
    assert wrong() == ["clock_offset_seconds"]


def test_the_clock_of_a_process_that_is_gone_is_no_finding() -> None:
    RelayHeartbeat.objects.create(
        relay="ward:2", beat_at=Now() - timedelta(minutes=5), clock_offset_seconds=60
    )

    assert wrong() == []


def test_processes_are_looked_at_in_one_query(settled: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        checks._processes()  # noqa: SLF001 - what it costs shows nowhere else

    assert len(captured) == 1


def test_workers_that_speak_are_no_finding(settled: None) -> None:
    assert wrong() == []


@pytest.mark.parametrize("kind", WorkerKind)
def test_silent_workers_of_each_kind_are_found(settled: None, kind: WorkerKind) -> None:
    WorkerHeartbeat.objects.filter(kind=kind).update(beat_at=Now() - WorkerHeartbeat.FRESH - SECOND)
    assert wrong() == [f"workers_silent_{kind.value}"]

    WorkerHeartbeat.objects.create(worker="another@ward", kind=kind)
    assert wrong() == []


def test_workers_that_never_spoke_are_found(settled: None) -> None:
    WorkerHeartbeat.objects.all().delete()

    assert wrong() == ["workers_silent_urgent", "workers_silent_others"]


def test_the_workers_of_a_bleep_that_was_just_started_may_still_be_silent(settled: None) -> None:
    WorkerHeartbeat.objects.all().delete()
    RelayHeartbeat.objects.create(relay="ward:0", beat_at=Now() - timedelta(hours=1))
    RelayHeartbeat.objects.filter(relay="ward:1").update(
        started_at=Now() - WorkerHeartbeat.FRESH + 20 * SECOND
    )

    assert wrong() == []


def failed(store: Store) -> Alert:
    """An alert that nothing can reach any more."""
    claimed = claims.claim(store(L).pk)
    assert claimed
    lifecycle.mark_failed(claimed, REFUSED, NextChannel(Reason.REFUSED))
    return claimed.delivery.alert


def test_failed_alerts_are_counted_until_somebody_has_dealt_with_them(store: Store) -> None:
    first, second = failed(store), failed(store)
    assert metrics.unreviewed_failures() == 2
    assert wrong() == [], "the system did what it could"

    Alert.objects.filter(pk=first.pk).update(state="closed")
    Alert.objects.filter(pk=second.pk).update(state="acknowledged")
    assert metrics.unreviewed_failures() == 0


@pytest.mark.parametrize(
    ("state", "reason"), [("failed", "refused"), ("unknown", "answer_lost"), ("undelivered", "busy")]
)
def test_every_bad_end_is_a_failure(store: Store, state: str, reason: str) -> None:
    store(H, state=state, reason=reason, finished_at=Now())

    assert metrics.unreviewed_failures() == 1


def test_an_alert_whose_next_channel_is_on_its_way_has_not_failed(store: Store) -> None:
    claimed = claims.claim(store(H).pk)
    assert claimed
    lifecycle.mark_failed(claimed, REFUSED, NextChannel(Reason.REFUSED))
    assert metrics.unreviewed_failures() == 0

    claimed = claims.claim(Delivery.objects.get(state=DeliveryState.PENDING).pk)
    assert claimed
    lifecycle.mark_sent(claimed, SendResult("p"))
    assert metrics.unreviewed_failures() == 0


def test_deliveries_of_recent_alerts_are_counted_by_channel_and_state(store: Store) -> None:
    store(H)
    store(H)
    store(M, state="failed", reason="refused", finished_at=Now())
    Alert.objects.filter(pk=store(L).alert_id).update(created_at=Now() - checks.RECENTLY - SECOND)

    assert metrics.messages_by_state() == {("call", "pending", False): 2, ("sms", "failed", False): 1}


def test_every_finding_says_what_to_do() -> None:
    sentences = [finding.sentence for finding in report.findings()]

    assert len(set(sentences)) == len(sentences) == 15
    assert all(sentence.endswith((".", "?")) for sentence in sentences)


def test_a_step_that_nobody_took_up_for_a_minute_is_found(ask: Ask) -> None:
    ask()
    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN + timedelta(seconds=20))
    assert wrong() == []

    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN - SECOND)
    assert wrong() == ["late_step_seconds"]

    steps.take_up_due()
    assert wrong() == []


def test_a_loop_that_was_left_open_after_its_alert_ended_is_found(ask: Ask) -> None:
    ask()
    Loop.objects.update(due_at=Now() - checks.STEP_OVERRUN - SECOND)

    Alert.objects.update(state=AlertState.CANCELLED)

    assert wrong() == ["late_step_seconds"]


def exhausted(ask: Ask) -> Alert:
    alert = ask()
    for _ in range(2):
        let_time_run_out(alert)
    return alert


def test_an_alert_about_which_nobody_is_left_to_ask_is_found(ask: Ask) -> None:
    alert = ask()
    let_time_run_out(alert)
    assert wrong() == []

    let_time_run_out(alert)
    assert wrong() == ["exhausted_alerts"]


def test_it_is_found_until_somebody_accepts_it(ask: Ask) -> None:
    alert = exhausted(ask)

    answer(alert, "C-1")

    assert wrong() == []


def test_it_is_found_until_it_is_ended(ask: Ask) -> None:
    alert = exhausted(ask)

    ending.end(alert, AlertState.CLOSED)

    assert wrong() == []
