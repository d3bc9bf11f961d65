"""Health checks of relays and workers: who is silent, who does the work of others, and whose clock is off."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from alerts.models import RelayHeartbeat, WorkerHeartbeat, WorkerKind
from alerts.monitoring import checks, report
from tests.alerts.monitoring.findings import wrong

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("a_relay")]

SECOND = timedelta(seconds=1)


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


def test_the_clock_of_a_process_that_is_gone_does_not_count() -> None:
    RelayHeartbeat.objects.create(
        relay="ward:2", beat_at=Now() - timedelta(minutes=5), clock_offset_seconds=60
    )

    assert wrong() == []


def test_processes_are_looked_at_in_one_query(settled: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        checks._processes()  # noqa: SLF001 - what it costs shows nowhere else

    assert len(captured) == 1


def test_workers_that_report_are_fine(settled: None) -> None:
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
